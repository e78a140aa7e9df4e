import fc from 'fast-check'
import t from 'tap'
import { headerValue } from '../../src/base/header-list.ts'
import type { Client } from '../../src/config/config.ts'
import type { Guards } from '../../src/policy/guards.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import type { Policy } from '../../src/policy/policy.ts'
import { upstreamFields } from '../../src/proxy/post-fields.ts'
import { draftHead } from '../../src/request/draft-head.ts'
import type { AuthenticationContext } from '../../src/request/identify.ts'
import { judge } from '../../src/request/judge.ts'
import { readForm } from '../../src/request/read-form.ts'
import { readRequest, type S3Request } from '../../src/request/read-request.ts'
import { OPERATIONS, type Operation } from '../../src/s3/operation.ts'
import { ACCESS_CLASSES } from '../../src/s3/operation-table.ts'
import { encodeUriComponentRfc3986 } from '../../src/s3/percent-encoding.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'

const ANY = [compilePattern('*')]
const CLIENT: Client = {
  name: 'app',
  identity: { kind: 'anonymous' },
  buckets: ANY,
  prefixes: [''],
  allow: ACCESS_CLASSES,
  upstream: undefined,
}
const CONTEXT: AuthenticationContext = {
  clientsByAccessKeyId: new Map(),
  unsignedClient: CLIENT,
  region: 'us-east-1',
  keys: new SigningKeyCache(),
  nowMs: Date.UTC(2026, 0, 15),
  stripsEncryption: false,
}
const TRAITS = { isPlaintext: true, trailers: 'forward' } as const
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'

function policyOf(guards: Guards): Policy {
  return {
    mode: 'enforce',
    rules: [
      {
        name: 'r',
        match: { buckets: ANY, keys: ANY, clients: ANY },
        effect: { kind: 'exempt', reason: 'a test' },
        guards,
      },
    ],
    misplacedEncryptionHeaders: 'reject',
    reads: { customerKeys: 'reject', unencrypted: 'report' },
    confirmation: 'fail',
    // As far as an operator can open it.
    allowOperations: new Set(OPERATIONS.map(({ name }) => name)),
  }
}

/** What a client may say, somewhere, in some spelling. */
interface Saying {
  readonly at: 'header' | 'query' | 'field'
  readonly name: string
  readonly value: string
}

const NAMES = [
  'x-amz-acl',
  'acl',
  'x-amz-grant-read',
  'x-amz-grant-full-control',
  'x-amz-grant-newly',
  'x-amz-storage-class',
  'x-amz-storage_class',
  'x-amz_acl',
  'x-amz-tagging',
  'tagging',
  'x-amz-tagging-directive',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
] as const
const VALUES = [
  'private',
  'public-read',
  'PUBLIC-READ',
  'public-read-write',
  'authenticated-read',
  ' public-read ',
  'private,public-read',
  `uri="${ALL_USERS}"`,
  `uri=${ALL_USERS}`,
  `id="a", uri="${ALL_USERS}"`,
  'id="a"',
  'STANDARD',
  'GLACIER',
  'glacier',
  'STANDARD_IA',
  'team=a',
  'team=a&team=b',
  'Team=a',
  'REPLACE',
  'COPY',
  '<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>',
  '<Tagging><TagSet/></Tagging>',
  'GOVERNANCE',
  'COMPLIANCE',
  '2026-01-16T00:00:00Z',
  '2030-01-01T00:00:00Z',
  '',
] as const

const saying: fc.Arbitrary<Saying> = fc.record({
  at: fc.constantFrom('header', 'header', 'query', 'field'),
  name: fc
    .tuple(fc.constantFrom(...NAMES), fc.boolean())
    .map(([name, isUpper]) => (isUpper ? name.toUpperCase() : name)),
  value: fc.constantFrom(...VALUES),
})

const AUTHENTICATION =
  'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=SGNOBODY0000000000%2F20260115%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260115T000000Z&X-Amz-Expires=60&X-Amz-Signature=00'

/** What would be sent to S3, as headers or fields; undefined if it is refused. */
function sentOf(policy: Policy, operation: Operation, sayings: readonly Saying[]) {
  const request = requestOf(operation, sayings)
  if (request === undefined) return undefined
  const verdict = judge(policy, TRAITS, CONTEXT, request)
  if (verdict.kind === 'refuse') return undefined
  const { obligation } = verdict.decision
  if (request.form !== undefined) {
    const fields = upstreamFields(request.form.fields, 'k', obligation)
    return { request, list: fields.flatMap(({ name, value }) => [name.toLowerCase(), value]) }
  }
  const body = { set: [], contentEncoding: undefined, dropSdkChecksum: false }
  return { request, list: draftHead(request, obligation, 'h', body) }
}

function requestOf(operation: Operation, sayings: readonly Saying[]): S3Request | undefined {
  const { method, level, query, requiredQuery, requiredHeaders, name } = operation
  const path = { service: '/', bucket: '/box', object: '/box/k' }[level]
  const hoisted = sayings.filter(({ at }) => at === 'query')
  const parameters = [
    ...query.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
    ...requiredQuery.map((name) => `${name}=${name === 'partNumber' ? '1' : 'x'}`),
    ...hoisted.map(({ name, value }) => `${name}=${encodeUriComponentRfc3986(value)}`),
    ...(hoisted.length === 0 ? [] : [AUTHENTICATION]),
  ]
  const said = sayings.filter(({ at }) => at === 'header')
  const headers = [
    ...['host', 'h', 'content-length', '0'],
    ...requiredHeaders.flatMap((name) => [name, name.endsWith('source') ? '/box/src' : 'PUT']),
    ...said.flatMap(({ name, value }) => [name.toLowerCase(), value.trim()]),
    ...(name === 'PostObject' ? ['content-type', 'multipart/form-data; boundary=x'] : []),
    ...(hoisted.length === 0 ? [] : ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD']),
  ]
  const signed = hoisted.length === 0 ? '' : '&X-Amz-SignedHeaders=host'
  const target = `${path}?${parameters.join('&')}${signed}`
  const read = readRequest(method, target, headers, ['h'], new Set())
  if (!read.ok) return undefined
  if (name !== 'PostObject') return read.value
  const fields = sayings.filter(({ at }) => at === 'field')
  const head = {
    fields: [['key', 'k'] as const, ...fields.map(({ name, value }) => [name, value] as const)].map(
      ([name, value]) => ({ name, key: name.toLowerCase(), value }),
    ),
    file: { name: 'file', filename: undefined, contentType: undefined },
    length: 0,
  }
  const form = readForm(read.value, { kind: 'form', boundary: 'x', bytes: 1 }, head)
  return form.ok ? form.value.request : undefined
}

/** Written from S3's reference, without the code under test. */
function isPublic(name: string, value: string): boolean {
  if (name === 'x-amz-acl' || name === 'acl') return /public|authenticated/i.test(value)
  return name.startsWith('x-amz-grant') && /uri/i.test(value)
}

/** Source: the headers of each operation in the API reference. */
const TAKES_ACL: readonly string[] = [
  'PutObject',
  'PostObject',
  'CopyObject',
  'CreateMultipartUpload',
  'PutObjectAcl',
  'PutBucketAcl',
  'CreateBucket',
]

const operations = fc.oneof(
  fc.constantFrom(...OPERATIONS.filter(({ isUpload }) => isUpload)),
  fc.constantFrom(...OPERATIONS),
)

t.test('no public ACL or grant is sent to S3, however it is said', async (t) => {
  const policy = policyOf({ publicAcl: 'refuse' })
  let sent = 0
  fc.assert(
    fc.property(operations, fc.array(saying, { maxLength: 3 }), (operation, sayings) => {
      const { request, list = [] } = sentOf(policy, operation, sayings) ?? {}
      // S3 ignores them on all others.
      if (request === undefined || !TAKES_ACL.includes(request.operation.name)) return true
      sent++
      return !list.some((name, i) => i % 2 === 0 && isPublic(name, list[i + 1] ?? ''))
    }),
    { numRuns: 2000 },
  )
  t.ok(sent > 200, `${sent} were sent`)
})

t.test('no object is written in another storage class than the rule’s', async (t) => {
  const allowed = new Set(['STANDARD_IA', 'GLACIER'])
  const policy = policyOf({ storageClasses: allowed })
  let sent = 0
  fc.assert(
    fc.property(operations, fc.array(saying, { maxLength: 3 }), fc.boolean(), (...drawn) => {
      const [operation, others, isNamed] = drawn
      const at = operation.name === 'PostObject' ? 'field' : 'header'
      const named: Saying = { at, name: 'x-amz-storage-class', value: 'GLACIER' }
      const sayings = isNamed ? [named, ...others] : others
      const { request, list = [] } = sentOf(policy, operation, sayings) ?? {}
      if (request?.operation.isUpload !== true) return true
      sent++
      return allowed.has(headerValue(list, 'x-amz-storage-class') ?? 'STANDARD')
    }),
    { numRuns: 2000 },
  )
  t.ok(sent > 100, `${sent} were sent`)
})

t.test('no object is written without the tag of the rule', async (t) => {
  const policy = policyOf({ tags: [{ key: 'team', values: undefined }] })
  let sent = 0
  fc.assert(
    fc.property(operations, fc.array(saying, { maxLength: 3 }), fc.boolean(), (...drawn) => {
      const [operation, others, isTagged] = drawn
      const sayings = isTagged ? [...tagsFor(operation), ...others] : others
      const { request, list = [] } = sentOf(policy, operation, sayings) ?? {}
      if (request?.operation.isUpload !== true) return true
      sent++
      // Fields of a form keep their names.
      if (request.form !== undefined) {
        return (
          /<Key>team<\/Key><Value>a<\/Value>/.test(headerValue(list, 'tagging') ?? '') &&
          !list.includes('x-amz-tagging')
        )
      }
      const isCopy = list.includes('x-amz-copy-source')
      return (
        headerValue(list, 'x-amz-tagging') === 'team=a' &&
        (!isCopy || headerValue(list, 'x-amz-tagging-directive') === 'REPLACE')
      )
    }),
    { numRuns: 2000 },
  )
  t.ok(sent > 100, `${sent} were sent`)
})

function tagsFor({ name }: Operation): readonly Saying[] {
  if (name === 'PostObject') {
    const value = '<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>'
    return [{ at: 'field', name: 'tagging', value }]
  }
  const tags: Saying = { at: 'header', name: 'x-amz-tagging', value: 'team=a' }
  return name === 'CopyObject'
    ? [tags, { at: 'header', name: 'x-amz-tagging-directive', value: 'REPLACE' }]
    : [tags]
}

t.test('every new object has one retention, at least that of the rule', async (t) => {
  const policy = policyOf({ objectLock: { mode: 'GOVERNANCE', days: 30 } })
  const least = CONTEXT.nowMs + 30 * 86_400_000
  const checksum: Saying = { at: 'header', name: 'x-amz-checksum-crc32', value: 'AAAAAA==' }
  let sent = 0
  fc.assert(
    fc.property(operations, fc.array(saying, { maxLength: 3 }), (operation, others) => {
      const at = operation.name === 'PostObject' ? 'field' : 'header'
      const sayings = [{ ...checksum, at } as const, ...others]
      const { request, list = [] } = sentOf(policy, operation, sayings) ?? {}
      if (request?.operation.isUpload !== true) return true
      sent++
      const modes = list.filter((_, i) => i % 2 === 1 && list[i - 1] === 'x-amz-object-lock-mode')
      const date = headerValue(list, 'x-amz-object-lock-retain-until-date') ?? ''
      return (
        modes.length === 1 &&
        /^(GOVERNANCE|COMPLIANCE)$/.test(modes[0] ?? '') &&
        Date.parse(date) >= least
      )
    }),
    { numRuns: 2000 },
  )
  t.ok(sent > 100, `${sent} were sent`)
})
