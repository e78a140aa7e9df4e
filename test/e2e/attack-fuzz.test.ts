import fc from 'fast-check'
import t from 'tap'
import { parseRequest } from '../../src/sandbox/request.ts'
import { findRoute } from '../../src/sandbox/route.ts'
import type { RequestRecord } from '../../src/sandbox/sandbox.ts'
import { becomes, exchangeOctets } from '../support/raw-socket.ts'
import { KEY, type Rig, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

/*
 * Requests made of pieces that mean something to S3, put together at random. Whatever they are: one
 * answer, one audit line, no internal error, nothing left open; what reached S3 is what was judged;
 * what was stored is under the policy's key. The embedded S3 reads them with a parser of its own.
 */

const RUNS = 400
const TIME_MS = 12_000
/** The same requests each time; another number as the first argument draws others. */
const SEED = Number(process.argv[2] ?? 20_261_123)

const method = fc.constantFrom(
  ...['GET', 'HEAD', 'PUT', 'PUT', 'PUT', 'POST', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'get'],
)

const segment = fc.constantFrom(
  ...[
    'bucket',
    'bucket',
    'other',
    'k',
    'a b',
    '..',
    '.',
    '',
    '%2F',
    '%2e%2e',
    '%3F',
    '?',
    ';',
    '+',
  ],
  ...['%00', '%zz', '%C3%A4', '\xc3\xa4', '\xff', '#', '%23', 'BUCKET', 'bucket%2Fk', '\\', '"'],
  ...['WriteGetObjectResponse', 'v20180820', "~*()!'", 'k'.repeat(1025), '%25', '%', '//'],
)

const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('/bucket/k', '/bucket/a/b c%20d', '/other/k', '/bucket'),
  },
  { weight: 3, arbitrary: segment.map((key) => `/bucket/${key}`) },
  fc.array(segment, { maxLength: 4 }).map((segments) => `/${segments.join('/')}`),
  fc.constantFrom('*', 'http://evil/bucket/k', '', '//bucket/k', '/\t'),
)

const parameter = fc.constantFrom(
  ...['uploads', 'uploadId=u', 'partNumber=1', 'partNumber=0', 'acl', 'tagging', 'versionId=1'],
  ...['encryption', 'delete', 'list-type=2', 'restore', 'x-id=PutObject', 'response-expires=x'],
  ...['upload%73', 'UPLOADS', 'uploads=', 'select&select-type=2', 'newthing', '=', '&&', 'a;b'],
  ...[
    'X-Amz-Signature=x',
    'x-amz-server-side-encryption=AES256',
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
  ],
  ...['prefix=%C3%A4+b', 'prefix=%ff', 'renameObject', 'append', 'versionId=%0d%0a', 'torrent'],
)

const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  fc.array(parameter, { minLength: 1, maxLength: 3 }).map((list) => `?${list.join('&')}`),
)

const field = fc.constantFrom(
  ...['x-amz-server-side-encryption: AES256', 'x-amz-server-side-encryption: aws:kms'],
  ...['x-amz-server-side-encryption-customer-algorithm: AES256', 'x-amz-acl: private'],
  ...['x-amz-server-side-encryption-aws-kms-key-id: alias/x', 'x-amz-copy-source: /bucket/seed'],
  ...['x-amz-copy-source: other/x?versionId=', 'x-amz-copy-source: ../x', 'x-amz-meta-a: \xc3\xa4'],
  ...[
    'x-amz-meta-b:  two  blanks\t',
    'x-amz-meta-c:',
    'x-amz-meta-d: \xff\xfe',
    'x-amz-tagging: a=b',
  ],
  ...[
    'Connection: x-amz-copy-source',
    'Connection: close, upgrade',
    'Upgrade: h2c',
    'TE: trailers',
  ],
  ...['Expect: 100-continue', 'Expect: nothing', 'Range: bytes=0-0', 'If-None-Match: *'],
  ...['Transfer-Encoding: chunked', 'Content-Length: 0', 'Content-Length: 5', 'Content-Length: x'],
  ...['Content-Type: multipart/form-data; boundary=b', 'Content-Type: text/plain', 'Date: x'],
  ...[
    'x-amz-content-sha256: UNSIGNED-PAYLOAD',
    'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  ],
  ...['x-amz-decoded-content-length: 5', 'x-amz-trailer: x-amz-checksum-crc32', 'Content-MD5: x'],
  ...['Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0'],
  ...['Authorization: Basic x', 'x-amz-security-token: t', 'x_amz_copy_source: a', 'Host: other'],
  ...['Origin: https://a.example', 'Access-Control-Request-Method: PUT', 'x-amz-account-id: 1'],
  ...['Content-Encoding: gzip, aws-chunked', 'x-amz-write-offset-bytes: 0', 'Content-Encoding: br'],
  ...['x-amz-checksum-crc32: AAAAAA==', 'x-amz-website-redirect-location: /\xe4', 'Cookie: a=b'],
)

const body = fc.constantFrom(
  ...[
    '',
    '',
    'hello',
    '5\r\nhello\r\n0\r\n\r\n',
    '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n',
  ],
  ...[
    '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nf\r\n--b--\r\n',
  ],
  ...[
    '<Delete><Object><Key>k</Key></Object></Delete>',
    'GET /bucket/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  ],
)

const wire = fc
  .record({
    method,
    path,
    query,
    fields: fc.oneof(
      fc.array(field, { maxLength: 1 }),
      fc.array(field, { minLength: 1, maxLength: 5 }),
    ),
    body,
    isSized: fc.integer({ min: 0, max: 5 }).map((n) => n > 0),
    host: fc.oneof(
      { weight: 8, arbitrary: fc.constant('127.0.0.1') },
      fc.constantFrom('127.0.0.1:80', 'bucket.localhost', 'LOCALHOST', 'x.', ''),
    ),
  })
  .map(({ method, path, query, fields, body, isSized, host }) => {
    const length = isSized && body !== '' ? [`Content-Length: ${body.length}`] : []
    const head = [`Host: ${host}`, ...fields, ...length, 'Connection: close'].join('\r\n')
    return `${method} ${path}${query} HTTP/1.1\r\n${head}\r\n\r\n${body}`
  })

interface Judged {
  readonly operation: string | null
  readonly bucket: string | null
  readonly key: string | null
  readonly decision: string
  readonly reason: string | null
}

/** Compares what S3 got with what the audit says was judged, by the embedded S3's own reading. */
function differs({ method, rawTarget, rawHeaders }: RequestRecord, judged: Judged) {
  const request = parseRequest(method, rawTarget, rawHeaders)
  const isForm = judged.operation === 'PostObject'
  if (request.bucket !== (judged.bucket ?? undefined)) return 'bucket'
  if (!isForm && request.key !== (judged.key ?? undefined)) return 'key'
  try {
    const { name } = findRoute(request)
    return name === judged.operation ? undefined : `${name} for ${judged.operation}`
  } catch {
    return undefined
  }
}

function mustBeWhatWasJudged(record: RequestRecord, judged: Judged): void {
  // The look-up of an answer that is silent about encryption.
  if (record.method === 'HEAD' && judged.operation !== 'HeadObject') return
  if (judged.decision !== 'allow') throw new Error(`${judged.decision}: ${record.rawTarget}`)
  const difference = differs(record, judged)
  if (difference !== undefined) throw new Error(`${difference}: ${record.rawTarget}`)
}

function isUnderPolicy(rig: Rig): boolean {
  return ['bucket', 'other'].every((bucket) =>
    rig.sandbox.list(bucket).every((key) => rig.sandbox.inspect(bucket, key)?.keyId === KEY),
  )
}

t.test('requests put together at random', { timeout: 60_000 }, async (t) => {
  const rig = await startRig({
    clients: `
  - name: sidecar
    anonymous: true
    buckets: ['*']`,
    more: 'limits: { bodyIdle: 1s }',
  })
  t.teardown(() => rig.close())
  await send(rig.port, { method: 'PUT', path: '/bucket/seed', body: 'seed' })
  rig.received.length = 0
  let answered = 1
  let reached = 0
  await fc.assert(
    fc.asyncProperty(wire, async (octets) => {
      // Enough: an answer whose body, if there is one, is of no interest.
      const answer = await exchangeOctets(rig.port, octets, (text) => {
        const end = text.indexOf('\r\n\r\n')
        return end !== -1 && !text.startsWith('HTTP/1.1 100')
      })
      const isRecorded = /\r\nx-(sealgate-request-id|amz-request-id): /i.test(answer)
      if (isRecorded) answered++
      if (/internal-error/.test(answer)) throw new Error(answer)
      if (!(await becomes(() => rig.metrics.inflight === 0))) throw new Error('never ends')
      const lines = await rig.audit()
      if (isRecorded && lines.length !== answered) {
        throw new Error(`${lines.length} audit lines for ${answered} answers`)
      }
      answered = lines.length
      const judged = lines.at(-1) as unknown as Judged
      const records = rig.received.splice(0)
      reached += records.length
      for (const record of records) mustBeWhatWasJudged(record, judged)
      if (!isUnderPolicy(rig)) throw new Error('stored under other encryption')
    }),
    { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: TIME_MS, endOnFailure: true },
  )
  t.ok(reached > 0, `${reached} requests reached S3`)
  t.notMatch(rig.log(), 'internal-error')
  t.comment(`${answered} answers, ${reached} requests at S3`)
})
