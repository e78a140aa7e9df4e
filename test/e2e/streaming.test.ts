import { createHash, randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { CHECKSUMS, checksumOf } from '../support/checksum.ts'
import {
  buildChunked,
  bytesOf,
  type ChunkedMode,
  type ChunkedOptions,
  headOf,
  httpChunked,
} from '../support/chunked-request.ts'
import { errorCodeOf, type RawAnswer, RawConnection } from '../support/raw-http.ts'
import { KEY, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'
import type { Field } from '../support/signer.ts'

const MODES = ['signed', 'signed-trailer', 'unsigned-trailer'] as const
const KIB = 1024

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

/** Sends an aws-chunked upload; `pieces`: in that many HTTP chunks, 0: with a Content-Length. */
async function upload(
  rig: Rig,
  options: Omit<ChunkedOptions, 'port'>,
  pieces: number,
): Promise<RawAnswer> {
  const { target, fields, parts } = buildChunked({ ...options, port: rig.port })
  const body = bytesOf(parts)
  const framing: Field =
    pieces === 0 ? ['content-length', String(body.length)] : ['transfer-encoding', 'chunked']
  const connection = new RawConnection(rig.port)
  connection.write(headOf('PUT', target, [...fields, framing]))
  connection.write(pieces === 0 ? body : httpChunked(body, pieces))
  const answer = await connection.answer()
  connection.destroy()
  return answer
}

/** A body in chunks: all of them 64 KiB but the last. */
function chunksOf(body: Buffer): readonly Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < body.length; at += 64 * KIB) chunks.push(body.subarray(at, at + 64 * KIB))
  return chunks
}

for (const trailers of ['forward', 'terminate']) {
  for (const mode of MODES) {
    t.test(
      `${mode}, trailers: ${trailers}: every size is stored, with and without a length`,
      async (t) => {
        const rig = await rigOf(t, {
          upstream: `  trailers: ${trailers}`,
          sandbox: { quirks: { noTrailers: trailers === 'terminate' } },
        })
        for (const size of [0, 1, 8191, 64 * KIB, 64 * KIB + 1, 300 * KIB]) {
          const body = randomBytes(size)
          for (const pieces of [0, 1, 7]) {
            const key = `${size}-${pieces}`
            const target = `/bucket/${key}`
            const answer = await upload(rig, { mode, target, chunks: chunksOf(body) }, pieces)
            t.equal(answer.status, 200, `${key}: ${answer.body}`)
            t.match(rig.sandbox.inspect('bucket', key), { size, encryption: 'aws:kms', keyId: KEY })
            const read = await send(rig.port, { path: target })
            t.ok(read.body.equals(body), `${key} comes back`)
          }
        }
      },
    )
  }
}

t.test('a trailing checksum is kept with the object', async (t) => {
  const rig = await rigOf(t)
  for (const mode of ['signed-trailer', 'unsigned-trailer'] as const) {
    for (const size of [1000, 200 * KIB]) {
      const body = randomBytes(size)
      const target = `/bucket/${mode}-${size}`
      t.match(await upload(rig, { mode, target, chunks: chunksOf(body) }, 0), { status: 200 })
      t.match(rig.sandbox.inspect('bucket', `${mode}-${size}`)?.checksum, {
        value: checksumOf('crc32', body),
      })
    }
  }
})

t.test('a small body that comes byte by byte, each in its own HTTP chunk, is stored', async (t) => {
  const rig = await rigOf(t)
  for (const mode of MODES) {
    const target = `/bucket/${mode}`
    const answer = await upload(rig, { mode, target, chunks: [Buffer.from('abc')] }, 10_000)
    t.equal(answer.status, 200, answer.body)
    t.match(rig.sandbox.inspect('bucket', mode), { size: 3 })
  }
})

t.test(
  'aws-chunked is taken out of Content-Encoding wherever it stands, the rest is kept',
  async (t) => {
    const rig = await rigOf(t)
    for (const [sent, kept] of [
      ['aws-chunked', undefined],
      ['gzip,aws-chunked', 'gzip'],
      ['aws-chunked,gzip', 'gzip'],
      ['gzip, AWS-Chunked , br', 'gzip,br'],
    ] as const) {
      for (const size of [100, 200 * KIB]) {
        const body = gzipSync(randomBytes(size))
        const chunks = chunksOf(body)
        const target = '/bucket/zipped'
        const options = { mode: 'unsigned-trailer', target, chunks, contentEncoding: sent } as const
        const answer = await upload(rig, options, 0)
        t.equal(answer.status, 200, answer.body)
        const { headers } = await send(rig.port, { method: 'HEAD', path: target })
        t.equal(headers['content-encoding']?.replaceAll(' ', ''), kept, sent)
      }
    }
  },
)

t.test('a body without any length is answered 411', async (t) => {
  const rig = await rigOf(t)
  for (const mode of MODES) {
    for (const target of ['/bucket/k', '/bucket/k?partNumber=1&uploadId=u']) {
      const options = { mode, target, chunks: [Buffer.from('x')], decodedLength: null }
      t.equal(errorCodeOf(await upload(rig, options, 2)), 'MissingContentLength', target)
      t.equal(errorCodeOf(await upload(rig, options, 0)), 'MissingContentLength', 'nor with one')
    }
  }
  const chunked = { 'transfer-encoding': 'chunked', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  for (const path of ['/bucket/k', '/bucket/k?partNumber=1&uploadId=u', '/bucket/k?tagging']) {
    const answer = await send(rig.port, { method: 'PUT', path, headers: chunked })
    t.match(answer, { status: 411, text: /<Code>MissingContentLength</ }, path)
  }
  t.equal(rig.received.length, 0)
})

t.test('a decoded length that is no number: 411', async (t) => {
  const rig = await rigOf(t)
  for (const length of ['', '-1', '+1', '1.0', '0x1', '1e3', '1 ', '9'.repeat(16)]) {
    const headers = {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': length,
    }
    const answer = await send(rig.port, { method: 'PUT', path: '/bucket/k', headers, body: 'x' })
    // White space around a value is no part of it.
    const code = length === '1 ' ? 'IncompleteBody' : 'MissingContentLength'
    t.match(answer.text, `<Code>${code}</Code>`, length)
  }
  t.equal(rig.sandbox.inspect('bucket', 'k'), undefined)
})

const REFUSED_MODES = [
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
  'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-EVENTS',
  'STREAMING-UNSIGNED-PAYLOAD',
  'unsigned-payload',
  'abc',
  '',
] as const

t.test('payload modes that are refused', async (t) => {
  const rig = await rigOf(t)
  for (const mode of REFUSED_MODES) {
    const headers = { 'x-amz-content-sha256': mode, 'x-amz-decoded-content-length': '1' }
    const answer = await send(rig.port, { method: 'PUT', path: '/bucket/k', headers, body: 'x' })
    t.ok(answer.status >= 400, mode)
    t.match(answer.text, '<Code>')
  }
  t.equal(rig.received.length, 0)
})

t.test('streaming only where S3 takes it: PutObject and UploadPart', async (t) => {
  const rig = await rigOf(t)
  for (const mode of MODES) {
    for (const target of ['/bucket/k?tagging', '/bucket?cors', '/bucket']) {
      const answer = await upload(rig, { mode, target, chunks: [Buffer.from('<x/>')] }, 0)
      t.equal(errorCodeOf(answer), 'InvalidRequest', `${mode} ${target}: ${answer.body}`)
      t.equal(answer.headers.get('x-sealgate-reason'), 'streaming-not-supported')
    }
  }
})

t.test('declared checksums reach S3, which verifies and keeps them', async (t) => {
  const rig = await rigOf(t)
  const body = randomBytes(100_000)
  for (const name of CHECKSUMS) {
    const header = `x-amz-checksum-${name}`
    const headers = { [header]: checksumOf(name, body) }
    const path = `/bucket/${name}`
    t.match(await send(rig.port, { method: 'PUT', path, headers, body }), { status: 200 }, name)
    t.match(rig.sandbox.inspect('bucket', name)?.checksum, { value: headers[header] })
    const wrong = { [header]: checksumOf(name, Buffer.from('other')) }
    const refused = await send(rig.port, { method: 'PUT', path: `${path}2`, headers: wrong, body })
    t.match(refused, { status: 400, text: /<Code>BadDigest</ }, name)
    t.equal(rig.sandbox.inspect('bucket', `${name}2`), undefined)
  }
})

t.test('Content-MD5 and the SHA-256 of the payload reach S3, which verifies them', async (t) => {
  const rig = await rigOf(t)
  for (const size of [100, 200 * KIB]) {
    const body = randomBytes(size)
    const md5 = createHash('md5').update(body).digest('base64')
    const put = (headers: Record<string, string>, key: string) =>
      send(rig.port, { method: 'PUT', path: `/bucket/${key}`, headers, body })
    t.match(await put({ 'content-md5': md5 }, 'good'), { status: 200 })
    const wrongMd5 = await put({ 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, 'wrong')
    t.match(wrongMd5, { status: 400, text: /<Code>BadDigest</ })
    const wrongHash = await put({ 'x-amz-content-sha256': 'a'.repeat(64) }, 'wrong')
    t.match(wrongHash, { status: 400, text: /<Code>XAmzContentSHA256Mismatch</ })
    t.equal(rig.sandbox.inspect('bucket', 'wrong'), undefined)
  }
})

t.test('a trailing checksum that cannot be verified here is refused, not dropped', async (t) => {
  const rig = await rigOf(t, { upstream: '  trailers: terminate' })
  const headers = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '1',
    'x-amz-trailer': 'x-amz-checksum-xxhash64',
  }
  const body = '1\r\nx\r\n0\r\nx-amz-checksum-xxhash64:AAAAAAAAAAA=\r\n\r\n'
  const answer = await send(rig.port, { method: 'PUT', path: '/bucket/k', headers, body })
  t.match(answer, { status: 501, text: /<Code>NotImplemented</ })
  t.equal(rig.sandbox.inspect('bucket', 'k'), undefined)
})

t.test('a trailer that is announced in the mode without trailers is refused', async (t) => {
  const rig = await rigOf(t)
  for (const size of [100, 200 * KIB]) {
    const chunks = chunksOf(randomBytes(size))
    const options = { mode: 'signed', target: '/bucket/k', chunks, announcesTrailer: true } as const
    const answer = await upload(rig, options, 0)
    t.match(answer, { status: 400, body: /<Code>MalformedTrailerError</ })
    t.equal(rig.sandbox.inspect('bucket', 'k'), undefined)
  }
  t.equal(rig.received.length, 0)
})

t.test('chunks of parts are verified as those of objects', async (t) => {
  const rig = await rigOf(t)
  const created = await send(rig.port, { method: 'POST', path: '/bucket/mpu?uploads' })
  const uploadId = /<UploadId>([^<]+)</.exec(created.text)?.[1] ?? ''
  const parts: string[] = []
  const bodies = MODES.map((mode: ChunkedMode, i) => ({
    mode,
    body: Buffer.alloc(5 * KIB * KIB, i),
  }))
  for (const [i, { mode, body }] of bodies.entries()) {
    const target = `/bucket/mpu?partNumber=${i + 1}&uploadId=${encodeURIComponent(uploadId)}`
    const answer = await upload(rig, { mode, target, chunks: chunksOf(body) }, 0)
    t.equal(answer.status, 200, answer.body)
    parts.push(
      `<Part><PartNumber>${i + 1}</PartNumber><ETag>${answer.headers.get('etag')}</ETag></Part>`,
    )
  }
  const completed = await send(rig.port, {
    method: 'POST',
    path: `/bucket/mpu?uploadId=${encodeURIComponent(uploadId)}`,
    body: `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`,
  })
  t.equal(completed.status, 200, completed.text)
  t.match(rig.sandbox.inspect('bucket', 'mpu'), { size: 15 * KIB * KIB, encryption: 'aws:kms' })
})
