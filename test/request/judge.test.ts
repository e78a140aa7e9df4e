import t from 'tap'
import type { HeaderList } from '../../src/base/header-list.ts'
import type { Client } from '../../src/config/config.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import type { Policy } from '../../src/policy/policy.ts'
import type { AuthenticationContext } from '../../src/request/identify.ts'
import { decideOn, judge, type Verdict } from '../../src/request/judge.ts'
import { readRequest, type S3Request } from '../../src/request/read-request.ts'
import { ACCESS_CLASSES } from '../../src/s3/operation-table.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'

const EVERYTHING = { prefixes: [''], allow: ACCESS_CLASSES }
const KEY = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const ANY = [compilePattern('*')]
const APP: Client = {
  name: 'app',
  identity: { kind: 'anonymous' },
  buckets: [compilePattern('app-*')],
  ...EVERYTHING,
  upstream: undefined,
}
const POLICY: Policy = {
  mode: 'enforce',
  rules: [
    {
      name: 'sealed',
      match: { buckets: [compilePattern('app-sealed')], keys: ANY, clients: ANY },
      effect: {
        kind: 'encrypt',
        algorithm: 'aws:kms',
        keyId: KEY,
        bucketKey: undefined,
        context: undefined,
        conflict: 'override',
        customerKeys: 'reject',
        replicas: 'reject',
      },
    },
  ],
  misplacedEncryptionHeaders: 'reject',
  reads: { customerKeys: 'reject', unencrypted: 'report' },
  confirmation: 'fail',
  allowOperations: new Set(),
}
const TRAITS = { isPlaintext: true, trailers: 'forward' } as const

function contextOf(unsignedClient: Client | undefined): AuthenticationContext {
  return {
    clientsByAccessKeyId: new Map(),
    unsignedClient,
    region: 'us-east-1',
    keys: new SigningKeyCache(),
    nowMs: 0,
    stripsEncryption: false,
  }
}

function requestOf(method: string, target: string, headers: HeaderList = []): S3Request {
  const read = readRequest(method, target, ['host', 'h', ...headers], ['h'], new Set())
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}

function verdictOn(request: S3Request, client: Client | undefined = APP): Verdict {
  return judge(POLICY, TRAITS, contextOf(client), request)
}

const LENGTH = ['content-length', '5']

t.test(
  'an upload that may pass has its sender, the obligation and the plan of its body',
  async (t) => {
    t.match(verdictOn(requestOf('PUT', '/app-sealed/k', LENGTH)), {
      kind: 'allow',
      principal: { client: { name: 'app' } },
      decision: { rule: 'sealed', obligation: { encryption: { kind: 'set' } } },
      plan: { kind: 'plain', bytes: 5, isSmall: true },
    })
  },
)

const REFUSED: readonly (readonly [
  name: string,
  request: S3Request,
  reason: string,
  rule?: string,
])[] = [
  ['a bucket of others', requestOf('PUT', '/other/k', LENGTH), 'bucket-not-allowed'],
  ['no rule', requestOf('PUT', '/app-free/k', LENGTH), 'no-matching-rule'],
  ['a closed operation', requestOf('PUT', '/app-sealed?encryption', LENGTH), 'operation-closed'],
  ['no length', requestOf('PUT', '/app-sealed/k'), 'missing-content-length'],
  [
    'no rule and no length: the policy is asked first',
    requestOf('PUT', '/app-free/k'),
    'no-matching-rule',
  ],
]

t.test('a refusal says why, and who sent the request if that is known', async (t) => {
  for (const [name, request, reason] of REFUSED) {
    t.match(verdictOn(request), { kind: 'refuse', error: { reason } }, name)
  }
  const unknown = judge(
    POLICY,
    TRAITS,
    contextOf(undefined),
    requestOf('PUT', '/app-sealed/k', LENGTH),
  )
  t.match(unknown, { kind: 'refuse', error: { reason: 'anonymous' }, decision: undefined })
  t.equal(unknown.principal, undefined)
  t.equal(verdictOn(requestOf('PUT', '/app-free/k', LENGTH)).principal?.client, APP)
})

t.test('an append is refused by the policy', async (t) => {
  const append = requestOf('PUT', '/app-sealed/k', ['x-amz-write-offset-bytes', '1', ...LENGTH])
  t.match(decideOn(POLICY, APP, append, 0), { kind: 'deny', error: { reason: 'append-closed' } })
})

t.test('a rule that names clients is for these clients', async (t) => {
  const upload = requestOf('PUT', '/app-sealed/k', LENGTH)
  const [rule] = POLICY.rules
  const reasonOf = (client: string): string => {
    const rules = rule === undefined ? [] : [ruleFor(rule, client)]
    const verdict = judge({ ...POLICY, rules }, TRAITS, contextOf(APP), upload)
    return verdict.kind === 'refuse' ? verdict.error.reason : verdict.kind
  }
  t.equal(reasonOf('app'), 'allow')
  t.equal(reasonOf('other'), 'no-matching-rule')
})

function ruleFor(rule: Policy['rules'][number], client: string): Policy['rules'][number] {
  return { ...rule, match: { ...rule.match, clients: [compilePattern(client)] } }
}

t.test('a read with an encryption header is refused for that, whoever sent it', async (t) => {
  const headers = ['x-amz-server-side-encryption', 'aws:kms']
  for (const method of ['GET', 'HEAD']) {
    for (const bucket of ['app-sealed', 'other']) {
      const request = requestOf(method, `/${bucket}/k`, headers)
      for (const client of [APP, undefined]) {
        const verdict = judge(POLICY, TRAITS, contextOf(client), request)
        t.match(verdict, { kind: 'refuse', error: { reason: 'encryption-headers-on-read' } })
      }
    }
  }
})
