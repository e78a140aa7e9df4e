import fc from 'fast-check'
import t from 'tap'
import { type HeaderList, headerValue } from '../../src/base/header-list.ts'
import type { EncryptionEdit } from '../../src/policy/decision.ts'
import { type BodyHeaders, draftHead } from '../../src/request/draft-head.ts'
import { readRequest } from '../../src/request/read-request.ts'

const SSE = 'x-amz-server-side-encryption'
const KEEP: EncryptionEdit = { kind: 'keep' }
const STRIP = { kind: 'strip', ownHeaders: true, customerKeys: false, sourceKeys: false } as const
const OURS = [SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, 'key']
const SET = { kind: 'set', headers: OURS, sourceKeys: false } as const
const TOKENS = ['x-amz-security-token', 'x-amz-s3session-token']
const NO_BODY: BodyHeaders = { set: [], contentEncoding: undefined, dropSdkChecksum: false }

function transformed(
  headers: HeaderList,
  edit: EncryptionEdit = KEEP,
  body: BodyHeaders = NO_BODY,
): readonly string[] {
  const received = ['host', 'client.example', ...headers]
  // Session tokens are refused where there is no signature.
  const unsigned = received.filter((_, i) => !TOKENS.includes(received[i - (i % 2)] ?? ''))
  const parsed = readRequest('PUT', '/bucket/k', unsigned, ['client.example'], new Set())
  if (!parsed.ok) throw new Error(parsed.error.message)
  const obligation = { encryption: edit, guards: undefined }
  return draftHead({ ...parsed.value, headers: received }, obligation, 's3.example', body)
}

t.test('what a guard sets replaces what the client says', async (t) => {
  const headers = ['host', 'client.example', 'x-amz-object-lock-mode', 'GOVERNANCE']
  const parsed = readRequest('PUT', '/bucket/k', headers, ['client.example'], new Set())
  if (!parsed.ok) throw new Error(parsed.error.message)
  const set = ['x-amz-object-lock-mode', 'COMPLIANCE']
  const guards = {
    names: [],
    body: undefined,
    set,
    fileBytesMax: undefined,
    wantsChecksum: undefined,
    size: undefined,
  }
  const head = draftHead(parsed.value, { encryption: KEEP, guards }, 's3.example', NO_BODY)
  t.strictSame(head, ['host', 's3.example', ...set])
})

t.test('Host is ours and comes first', async (t) => {
  t.strictSame(transformed([]), ['host', 's3.example'])
})

const FORWARDED = [
  ...['accept', 'accept-encoding', 'accept-language', 'access-control-request-headers'],
  ...['access-control-request-method', 'cache-control', 'content-disposition', 'content-language'],
  ...['content-md5', 'content-type', 'expires', 'if-match', 'if-modified-since', 'if-none-match'],
  ...['if-range', 'if-unmodified-since', 'origin', 'range', 'referer', 'user-agent'],
  ...['x-amz-acl', 'x-amz-meta-a', 'x-amz-meta-a_b', 'x-amz-tagging', 'x-amz-storage-class'],
  ...['x-amz-checksum-crc32', 'x-amz-sdk-checksum-algorithm', 'x-amz-expected-bucket-owner'],
]

for (const name of FORWARDED) {
  t.test(`${name} goes on`, async (t) => {
    t.strictSame(transformed([name, 'Value ü']), ['host', 's3.example', name, 'Value ü'])
  })
}

const DROPPED = [
  ...['cookie', 'forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'x-http-method-override'],
  ...['x_amz_server_side_encryption', 'x-amz-server_side_encryption', 'x-amz_acl', 'expect'],
  ...['connection', 'keep-alive', 'te', 'trailer', 'upgrade', 'proxy-authorization'],
  ...['x-amz-date', 'x-amz-security-token', 'x-amz-s3session-token'],
  ...['x-amz-decoded-content-length', 'x-amz-trailer', 'amz-sdk-invocation-id', 'content-length'],
  ...['transfer-encoding', 'content-encoding', 'date', 'server', ''],
]

for (const name of DROPPED) {
  t.test(`${name === '' ? 'a field without a name' : name} does not`, async (t) => {
    const value = name === 'connection' ? 'close' : '1'
    t.strictSame(transformed([name, value]), ['host', 's3.example'])
  })
}

t.test('fields come in their order, twice where they came twice', async (t) => {
  const headers = ['x-amz-meta-b', '1', 'accept', 'x', 'x-amz-meta-b', '2']
  t.strictSame(transformed(headers), ['host', 's3.example', ...headers])
})

t.test('what Connection nominates goes on all the same: it was signed and judged', async (t) => {
  const nominated = [
    'connection',
    `x-amz-acl, ${SSE}, content-length, host`,
    'x-amz-acl',
    'private',
  ]
  t.strictSame(transformed(nominated, SET, { ...NO_BODY, set: ['content-length', '5'] }), [
    ...['host', 's3.example', 'x-amz-acl', 'private'],
    ...[...OURS, 'content-length', '5'],
  ])
})

const CUSTOMER = [`${SSE}-customer-algorithm`, 'AES256', `${SSE}-customer-key`, 'k']
const SOURCE = [`x-amz-copy-source-server-side-encryption-customer-key`, 'k']
const ASKED = [SSE, 'AES256', `${SSE}-context`, 'e30=', ...CUSTOMER, ...SOURCE]

t.test('keep: the encryption that the client asks for goes on', async (t) => {
  t.strictSame(transformed(ASKED, KEEP).slice(2), ASKED)
})

t.test('strip: the families that are named are taken off', async (t) => {
  const own = [SSE, 'AES256', `${SSE}-context`, 'e30=']
  const sourceOnly = { ...STRIP, ownHeaders: false, sourceKeys: true }
  t.strictSame(transformed(ASKED, STRIP).slice(2), [...CUSTOMER, ...SOURCE])
  t.strictSame(transformed(ASKED, { ...STRIP, customerKeys: true }).slice(2), SOURCE)
  t.strictSame(transformed(ASKED, sourceOnly).slice(2), [...own, ...CUSTOMER])
})

t.test('set: everything of the client’s is taken off, ours stands once', async (t) => {
  t.strictSame(transformed(ASKED, SET).slice(2), [...SOURCE, ...OURS])
  t.strictSame(transformed(ASKED, { ...SET, sourceKeys: true }).slice(2), OURS)
})

t.test('a preflight goes on without anything of S3’s own', async (t) => {
  const asks = ['origin', 'https://a.example', 'access-control-request-method', 'PUT']
  const headers = ['host', 'client.example', ...asks]
  const parsed = readRequest('OPTIONS', '/bucket/k', headers, ['client.example'], new Set())
  if (!parsed.ok) throw new Error(parsed.error.message)
  const received = [...headers, 'x-amz-copy-source', '/other/k', 'x-amz-meta-a', 'b']
  const obligation = { encryption: KEEP, guards: undefined }
  const head = draftHead({ ...parsed.value, headers: received }, obligation, 's3.example', NO_BODY)
  t.strictSame(head, ['host', 's3.example', ...asks])
})

t.test('the body’s framing is ours', async (t) => {
  const body = {
    set: ['content-length', '7', 'x-amz-decoded-content-length', '5'],
    contentEncoding: 'gzip',
    dropSdkChecksum: true,
  }
  const headers = [
    ...['content-length', '100', 'x-amz-decoded-content-length', '50', 'content-encoding', 'x'],
    ...['x-amz-sdk-checksum-algorithm', 'CRC32', 'x-amz-checksum-algorithm', 'CRC32'],
  ]
  t.strictSame(transformed(headers, KEEP, body).slice(2), [
    ...['x-amz-checksum-algorithm', 'CRC32', 'content-encoding', 'gzip'],
    ...body.set,
  ])
})

t.test('a copy source goes on as it was understood', async (t) => {
  const sent = transformed(['x-amz-copy-source', 'other/a b%2Fc%41?versionId=v'])
  t.equal(headerValue(sent, 'x-amz-copy-source'), 'other/a%20b/cA?versionId=v')
})

const LISTS = [
  ...['accept', 'accept-encoding', 'accept-language', 'access-control-request-headers'],
  ...['cache-control', 'content-language', 'x-amz-meta-a', 'x-amz-meta-a_b'],
  ...['x-amz-object-attributes', 'x-amz-optional-object-attributes'],
]

t.test('no field goes on twice but lists and metadata', async (t) => {
  const names = [...FORWARDED, ...LISTS, 'x-amz-write-offset-bytes', 'x-amz-grant-read', 'cookie']
  const fields = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom('a', 'b')), {
    minLength: 2,
    maxLength: 8,
  })
  let drafted = 0
  fc.assert(
    fc.property(fields, fc.constantFrom('GET', 'PUT', 'DELETE', 'OPTIONS'), (drawn, method) => {
      const headers = ['host', 'client.example', ...drawn.flat()]
      const parsed = readRequest(method, '/bucket/k', headers, ['client.example'], new Set())
      if (!parsed.ok) return
      drafted++
      const sent = draftHead(
        parsed.value,
        { encryption: KEEP, guards: undefined },
        's3.example',
        NO_BODY,
      )
      const sentNames = sent.filter((_, i) => i % 2 === 0).filter((name) => !LISTS.includes(name))
      if (new Set(sentNames).size !== sentNames.length) throw new Error(sentNames.join())
    }),
    { numRuns: 1_000 },
  )
  t.ok(drafted > 100, `${drafted}`)
})
