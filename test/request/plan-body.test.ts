import t from 'tap'
import { ok } from '../../src/base/result.ts'
import {
  type BodyPlan,
  HELD_BODY_BYTES,
  heldBytes,
  planBody,
  planForm,
  SMALL_BODY_BYTES,
} from '../../src/request/plan-body.ts'
import { NO_ENCRYPTION } from '../../src/s3/encryption-headers.ts'
import { type OperationName, operationByName } from '../../src/s3/operation.ts'
import { parsePayload } from '../../src/s3/payload.ts'

const SHA256 = 'a'.repeat(64)
const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'
const SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'

interface Planned {
  readonly operation?: OperationName
  readonly hash?: string
  readonly headers: readonly string[]
  readonly isPlaintext?: boolean
  readonly trailers?: 'forward' | 'terminate'
}

/** The plan, or `Code reason`. */
function plan({
  operation = 'PutObject',
  hash = SHA256,
  headers,
  isPlaintext = false,
  trailers = 'forward',
}: Planned): BodyPlan | string {
  const payload = parsePayload(hash)
  if (!payload.ok) throw new Error(payload.error.message)
  const planned = planBody(operationByName(operation), payload.value, headers, {
    isPlaintext,
    trailers,
  })
  return planned.ok ? planned.value : `${planned.error.code} ${planned.error.reason}`
}

t.test('a plain body is planned by its Content-Length', async (t) => {
  const length = (text: string) => plan({ headers: ['content-length', text] })
  t.strictSame(length('0'), { kind: 'empty' })
  t.strictSame(length('1'), { kind: 'plain', bytes: 1, isSmall: true })
  t.strictSame(length('65536'), { kind: 'plain', bytes: SMALL_BODY_BYTES, isSmall: true })
  t.strictSame(length('65537'), { kind: 'plain', bytes: SMALL_BODY_BYTES + 1, isSmall: false })
  t.strictSame(length('5368709120'), { kind: 'plain', bytes: 5_368_709_120, isSmall: false })
  t.strictSame(length('999999999999999'), {
    kind: 'plain',
    bytes: 999_999_999_999_999,
    isSmall: false,
  })
  t.strictSame(plan({ hash: 'UNSIGNED-PAYLOAD', headers: ['content-length', '1'] }), {
    kind: 'plain',
    bytes: 1,
    isSmall: true,
  })
})

t.test('a Content-Length that is no number', async (t) => {
  for (const text of [
    '',
    '-1',
    '+1',
    ' 1',
    '1 ',
    '0x1',
    '1.5',
    '1e3',
    '1,1',
    '9'.repeat(16),
    '١',
  ]) {
    t.equal(plan({ headers: ['content-length', text] }), 'InvalidRequest content-length', text)
  }
})

t.test('a body without a length is MissingContentLength', async (t) => {
  t.equal(plan({ headers: [] }), 'MissingContentLength missing-content-length')
  t.equal(
    plan({ headers: ['transfer-encoding', 'chunked'] }),
    'MissingContentLength missing-content-length',
  )
  t.equal(
    plan({ headers: ['transfer-encoding', 'chunked', 'content-length', '1'] }),
    'MissingContentLength missing-content-length',
    'two framings are one too many',
  )
  t.strictSame(plan({ operation: 'DeleteObject', headers: [] }), { kind: 'empty' })
  t.strictSame(plan({ operation: 'CompleteMultipartUpload', headers: [] }), { kind: 'empty' })
})

t.test('an empty body may come in the chunked coding where an operation has none', async (t) => {
  const coded = (operation: OperationName, coding: string) =>
    plan({ operation, headers: ['transfer-encoding', coding] })
  for (const operation of [
    'GetObject',
    'HeadObject',
    'DeleteObject',
    'CreateMultipartUpload',
    'CopyObject',
  ] as const) {
    t.strictSame(coded(operation, 'Chunked'), { kind: 'empty', isChunked: true }, operation)
    t.equal(coded(operation, 'gzip, chunked'), 'MissingContentLength missing-content-length')
  }
  for (const operation of ['PutObject', 'UploadPart', 'CompleteMultipartUpload'] as const) {
    t.equal(coded(operation, 'chunked'), 'MissingContentLength missing-content-length', operation)
  }
})

t.test('aws-chunked framing under a payload that has none is never stored as data', async (t) => {
  const LENGTH = ['content-length', '50'] as const
  const coding = (text: string) => [...LENGTH, 'content-encoding', text]
  const decoded = (text: string) => [...LENGTH, 'x-amz-decoded-content-length', text]
  const contradiction = 'streaming-headers-contradict'
  for (const operation of ['PutObject', 'UploadPart', 'PutBucketTagging'] as const) {
    for (const text of ['aws-chunked', 'AWS-Chunked', 'gzip, aws-chunked', 'aws-chunked,gzip']) {
      const hash = 'UNSIGNED-PAYLOAD'
      t.equal(
        plan({ operation, hash, headers: coding(text) }),
        `InvalidArgument ${contradiction}`,
        text,
      )
      // S3 takes it for the object's own coding.
      t.match(plan({ operation, headers: coding(text) }), { kind: 'plain' }, text)
    }
    for (const hash of ['UNSIGNED-PAYLOAD', SHA256]) {
      const trailer = [...LENGTH, 'x-amz-trailer', 'x-amz-checksum-crc32']
      for (const headers of [decoded('5'), decoded(''), decoded('050'), trailer]) {
        t.equal(plan({ operation, hash, headers }), `InvalidRequest ${contradiction}`)
      }
      t.match(plan({ operation, hash, headers: decoded('50') }), { kind: 'plain' })
      t.match(plan({ operation, hash, headers: coding('gzip') }), { kind: 'plain' })
    }
  }
  const headers = ['content-encoding', 'aws-chunked']
  const created = { operation: 'CreateMultipartUpload', hash: 'UNSIGNED-PAYLOAD', headers } as const
  t.match(plan(created), { kind: 'empty' }, 'there it is metadata')
})

t.test('a read has no body', async (t) => {
  for (const operation of ['GetObject', 'HeadObject', 'ListObjectsV2'] as const) {
    t.strictSame(plan({ operation, headers: [] }), { kind: 'empty' })
    t.strictSame(plan({ operation, headers: ['content-length', '0'] }), { kind: 'empty' })
    t.equal(plan({ operation, headers: ['content-length', '1'] }), 'InvalidRequest unexpected-body')
  }
})

t.test('aws-chunked is for PutObject and UploadPart only', async (t) => {
  const headers = ['x-amz-decoded-content-length', '1']
  for (const hash of [SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]) {
    for (const operation of ['PutObject', 'UploadPart'] as const) {
      t.match(plan({ operation, hash, headers }), { kind: 'chunked', decodedBytes: 1 })
    }
    for (const operation of [
      'CompleteMultipartUpload',
      'PutObjectTagging',
      'DeleteObjects',
    ] as const) {
      t.equal(plan({ operation, hash, headers }), 'InvalidRequest streaming-not-supported')
    }
  }
})

t.test('the decoded length counts, not the framing', async (t) => {
  const decoded = (text: string) =>
    plan({ hash: SIGNED, headers: ['x-amz-decoded-content-length', text] })
  t.match(decoded('0'), { decodedBytes: 0, isSmall: true })
  t.match(decoded('65536'), { decodedBytes: SMALL_BODY_BYTES, isSmall: true })
  t.match(decoded('65537'), { decodedBytes: SMALL_BODY_BYTES + 1, isSmall: false })
  for (const text of ['', '-1', '0x1', '1.0', '9'.repeat(16)]) {
    t.equal(decoded(text), 'MissingContentLength missing-content-length', text)
  }
  t.equal(
    plan({ hash: SIGNED, headers: ['content-length', '100'] }),
    'MissingContentLength missing-content-length',
  )
})

t.test('a trailer is planned if it announces one known checksum', async (t) => {
  const announced = (text: string) =>
    plan({
      hash: UNSIGNED_TRAILER,
      headers: ['x-amz-decoded-content-length', '1', 'x-amz-trailer', text],
    })
  t.match(announced('x-amz-checksum-crc32'), { trailer: 'crc32' })
  t.match(announced('X-Amz-Checksum-SHA256'), { trailer: 'sha256' })
  t.match(announced(''), { trailer: undefined })
  t.equal(announced('x-amz-meta-a'), 'InvalidRequest trailer-not-supported')
  t.equal(announced('x-amz-server-side-encryption'), 'InvalidRequest trailer-not-supported')
  t.equal(
    announced('x-amz-checksum-crc32,x-amz-checksum-sha1'),
    'InvalidRequest multiple-checksums',
  )
})

t.test('a checksum in the head and in the trailer is one too many', async (t) => {
  const both = (hash: string, name: string) =>
    plan({
      hash,
      headers: [
        ...['x-amz-decoded-content-length', '1', 'x-amz-trailer', 'x-amz-checksum-crc32'],
        ...[name, 'AAAAAA=='],
      ],
    })
  t.equal(both(UNSIGNED_TRAILER, 'x-amz-checksum-crc32'), 'InvalidRequest multiple-checksums')
  t.match(both(UNSIGNED_TRAILER, 'x-amz-checksum-sha256'), { trailer: 'crc32' }, 'S3 decides')
})

t.test('a framing without trailers that announces one is refused', async (t) => {
  const headers = ['x-amz-decoded-content-length', '1', 'x-amz-trailer', 'x-amz-checksum-crc32']
  t.equal(plan({ hash: SIGNED, headers }), 'MalformedTrailerError trailer-malformed')
  const nothing = ['x-amz-decoded-content-length', '1', 'x-amz-trailer', '']
  const upstream = { kind: 'unsigned' }
  t.match(plan({ hash: SIGNED, headers: nothing }), { trailer: undefined, upstream })
})

/** How a decoded body goes on, by payload, trailer, plain HTTP and `upstream.trailers`. */
const FRAMINGS = [
  [SIGNED, false, false, 'forward', 'unsigned'],
  [SIGNED, false, true, 'forward', 'signed'],
  [SIGNED, false, false, 'terminate', 'unsigned'],
  [SIGNED, false, true, 'terminate', 'signed'],
  [SIGNED_TRAILER, true, false, 'forward', 'unsigned-trailer'],
  [SIGNED_TRAILER, true, true, 'forward', 'signed-trailer'],
  [SIGNED_TRAILER, true, false, 'terminate', 'unsigned'],
  [SIGNED_TRAILER, true, true, 'terminate', 'signed'],
  [SIGNED_TRAILER, false, false, 'forward', 'unsigned'],
  [SIGNED_TRAILER, false, true, 'forward', 'signed'],
  [UNSIGNED_TRAILER, true, false, 'forward', 'unsigned-trailer'],
  [UNSIGNED_TRAILER, true, true, 'forward', 'unsigned-trailer'],
  [UNSIGNED_TRAILER, true, false, 'terminate', 'unsigned'],
  [UNSIGNED_TRAILER, true, true, 'terminate', 'unsigned'],
  [UNSIGNED_TRAILER, false, true, 'forward', 'unsigned'],
] as const

for (const [hash, hasTrailer, isPlaintext, trailers, upstream] of FRAMINGS) {
  const over = isPlaintext ? 'HTTP' : 'TLS'
  const trailer = hasTrailer ? 'a trailer' : 'no trailer'
  t.test(`${hash}, ${trailer}, over ${over}, ${trailers}: ${upstream}`, async (t) => {
    const headers = ['x-amz-decoded-content-length', '1']
    if (hasTrailer) headers.push('x-amz-trailer', 'x-amz-checksum-crc32')
    const expected =
      upstream === 'unsigned' ? { kind: 'unsigned' } : { kind: 'chunked', framing: upstream }
    t.match(plan({ hash, headers, isPlaintext, trailers }), { upstream: expected })
  })
}

t.test('how a trailing checksum gets to S3, and what is held for it', async (t) => {
  const path = (bytes: number, trailers: 'forward' | 'terminate') => {
    const planned = plan({
      hash: UNSIGNED_TRAILER,
      trailers,
      headers: [
        ...['x-amz-decoded-content-length', String(bytes)],
        ...['x-amz-trailer', 'x-amz-checksum-crc32'],
      ],
    })
    if (typeof planned === 'string' || planned.kind !== 'chunked') throw new Error('not planned')
    return [planned.checksum, heldBytes(planned)]
  }
  t.strictSame(path(SMALL_BODY_BYTES, 'forward'), ['header', 0])
  t.strictSame(path(SMALL_BODY_BYTES, 'terminate'), ['header', 0])
  t.strictSame(path(SMALL_BODY_BYTES + 1, 'forward'), ['trailer', 0])
  t.strictSame(path(SMALL_BODY_BYTES + 1, 'terminate'), ['header', SMALL_BODY_BYTES + 1])
  t.strictSame(path(HELD_BODY_BYTES, 'terminate'), ['header', HELD_BODY_BYTES])
  t.strictSame(path(HELD_BODY_BYTES + 1, 'terminate'), ['ends-here', 0])
  const headers = ['x-amz-decoded-content-length', '100000']
  const none = plan({ hash: SIGNED, headers, trailers: 'terminate' })
  t.match(none, { checksum: undefined }, 'nothing is held for a checksum that does not come')
})

t.test(
  'a form is planned from its length and its boundary, and says nothing else in its head',
  async (t) => {
    const form = {
      authentication: { kind: 'anonymous', hoistedHeaders: [], remainingQuery: [] },
      headers: ['content-length', '70', 'content-type', 'multipart/form-data; boundary=b'],
      requestedEncryption: NO_ENCRYPTION,
    } as const
    t.strictSame(planForm(form), ok({ kind: 'form', boundary: 'b', bytes: 70 }))
    const requestedEncryption = { ...NO_ENCRYPTION, algorithm: 'aws:kms' }
    t.match(planForm({ ...form, requestedEncryption }), {
      error: { reason: 'encryption-headers-on-form' },
    })
    t.match(planForm({ ...form, headers: form.headers.slice(2) }), {
      error: { reason: 'missing-content-length' },
    })
    t.match(planForm({ ...form, headers: form.headers.slice(0, 2) }), {
      error: { source: 'downstream' },
    })
  },
)
