import t from 'tap'
import { compilePattern } from '../../src/policy/pattern.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { Grants } from '../../src/request/grants.ts'
import { inspectBody } from '../../src/request/inspect-body.ts'
import { operationByName } from '../../src/s3/operation.ts'
import { ACCESS_CLASSES } from '../../src/s3/operation-table.ts'

const RESTORE = operationByName('RestoreObject')

function policyOf(change: Partial<Policy> = {}): Policy {
  return {
    mode: 'enforce',
    rules: [],
    misplacedEncryptionHeaders: 'reject',
    reads: { customerKeys: 'reject', unencrypted: 'report' },
    confirmation: 'fail',
    allowOperations: new Set(),
    ...change,
  }
}

/** A client that may do everything everywhere. */
const ALL = { buckets: [compilePattern('*')], prefixes: [''], allow: ACCESS_CLASSES }

function verdict(text: string, policy = policyOf(), client: Grants = ALL): string {
  const error = inspectBody(policy, client, RESTORE, Buffer.from(text))
  return error === undefined ? 'passes' : `${error.code} ${error.reason}`
}

const OUTPUT =
  '<RestoreRequest><Type>SELECT</Type><OutputLocation><S3><BucketName>b</BucketName></S3></OutputLocation></RestoreRequest>'

const TABLE = [
  ['<RestoreRequest><Days>1</Days></RestoreRequest>', 'passes'],
  [
    '<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Days>1</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters></RestoreRequest>',
    'passes',
  ],
  [OUTPUT, 'AccessDenied operation-closed'],
  ['<RestoreRequest><SelectParameters/></RestoreRequest>', 'AccessDenied operation-closed'],
  ['<a><b><OutputLocation/></b></a>', 'AccessDenied operation-closed'],
  [
    '<x:RestoreRequest xmlns:x="urn:x"><x:OutputLocation/></x:RestoreRequest>',
    'AccessDenied operation-closed',
  ],
  [
    '<RestoreRequest><?p " ?><OutputLocation/><?p " ?></RestoreRequest>',
    'MalformedXML xml-malformed',
  ],
  ['<RestoreRequest><!-- OutputLocation --><Days>1</Days></RestoreRequest>', 'passes'],
  ['<RestoreRequest><Description>OutputLocation</Description></RestoreRequest>', 'passes'],
  ['<RestoreRequest>', 'MalformedXML'],
  [`<RestoreRequest>${' '.repeat(16_384)}</RestoreRequest>`, 'MalformedXML xml-too-large'],
  [`<RestoreRequest>${'<Days/>'.repeat(1000)}</RestoreRequest>`, 'MalformedXML xml-too-large'],
  ['not xml', 'MalformedXML'],
  ['', 'MalformedXML'],
] as const

for (const [text, expected] of TABLE) {
  t.test(`${text.slice(0, 60)}: ${expected}`, async (t) => {
    t.ok(verdict(text).startsWith(expected), verdict(text))
  })
}

t.test(
  'nothing is asked where nothing is enforced, or where the operation is opened',
  async (t) => {
    t.equal(verdict(OUTPUT, policyOf({ mode: 'observe' })), 'passes')
    const open = policyOf({ allowOperations: new Set(['RestoreObject']) })
    t.equal(verdict(OUTPUT, open), 'passes')
    for (const limited of [
      { ...ALL, buckets: [compilePattern('app-*')] },
      { ...ALL, prefixes: ['in/'] },
    ]) {
      t.equal(verdict(OUTPUT, open, limited), 'AccessDenied operation-closed', 'it names a bucket')
    }
  },
)

t.test('a restore gives nothing to others without the class configure', async (t) => {
  const client: Grants = { ...ALL, allow: ['read', 'write'] }
  const opened = policyOf({ allowOperations: new Set(['RestoreObject']) })
  for (const policy of [opened, policyOf({ mode: 'observe' })]) {
    for (const acl of ['<CannedACL>public-read</CannedACL>', '<AccessControlList/>']) {
      const text = OUTPUT.replace('</BucketName>', `</BucketName>${acl}`)
      t.equal(verdict(text, policy, client), 'AccessDenied access-not-allowed')
      t.equal(verdict(text, policy), 'passes')
    }
    t.equal(verdict(OUTPUT, policy, client), 'passes')
  }
})

t.test(
  'no body has no output location, and one that is too large to look into is refused',
  async (t) => {
    t.equal(inspectBody(policyOf(), ALL, RESTORE, undefined), undefined)
    t.match(inspectBody(policyOf(), ALL, RESTORE, 'streamed'), {
      code: 'EntityTooLarge',
      reason: 'body-too-large',
    })
  },
)
