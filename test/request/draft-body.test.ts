import { hash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import t from 'tap'
import { BodyError } from '../../src/body/body-error.ts'
import { DownstreamBodyError } from '../../src/body/downstream-body-error.ts'
import { frameBody } from '../../src/body/frame-body.ts'
import {
  type DraftedBody,
  decodeSmallBody,
  holdBody,
  plainBody,
  reframeBody,
} from '../../src/request/draft-body.ts'
import type { ChunkedBody, UpstreamTraits } from '../../src/request/plan-body.ts'
import type { SeedSignature } from '../../src/sigv4/seed-signature.ts'
import { deriveSigningKey } from '../../src/sigv4/signing-key.ts'
import { checksumOf } from '../support/checksum.ts'

/** Every signature is the same; nothing is verified here. */
const NO_SIGNATURES = {
  verifyChunk: () => true,
  verifyTrailer: () => true,
}
/** Of the head; chunk signatures follow from it. */
const SEED: SeedSignature = {
  signature: 'a'.repeat(64),
  timestamp: '20130524T000000Z',
  scopeText: '20130524/us-east-1/s3/aws4_request',
  signingKey: deriveSigningKey('secret', '20130524', 'us-east-1', 's3'),
}
const FORWARD: UpstreamTraits = { isPlaintext: true, trailers: 'forward' }
const TERMINATE: UpstreamTraits = { isPlaintext: false, trailers: 'terminate' }

function planOf(change: Partial<ChunkedBody>): ChunkedBody {
  return {
    kind: 'chunked',
    framing: 'unsigned-trailer',
    decodedBytes: 0,
    trailer: undefined,
    isSmall: false,
    checksum: undefined,
    upstream: { kind: 'unsigned' },
    ...change,
  }
}

/** An unsigned aws-chunked body with a CRC32 trailer. */
function framed(body: Buffer, value = checksumOf('crc32', body)): Buffer {
  const size = body.length === 0 ? '' : `${body.length.toString(16)}\r\n`
  const end = body.length === 0 ? '' : '\r\n'
  return Buffer.concat([
    Buffer.from(size),
    body,
    Buffer.from(`${end}0\r\nx-amz-checksum-crc32:${value}\r\n\r\n`),
  ])
}

async function framedAnew({ body }: DraftedBody): Promise<Buffer> {
  const result = frameBody(body, SEED)
  if (result === undefined) return Buffer.alloc(0)
  return Buffer.isBuffer(result) ? result : buffer(result)
}

t.test('a plain body goes on as it comes, under the client’s own hash', async (t) => {
  const source = Buffer.from('abc')
  const body = plainBody(3, 'a'.repeat(64), 'gzip', source)
  t.strictSame(body.headers, {
    set: ['content-length', '3'],
    contentEncoding: 'gzip',
    dropSdkChecksum: false,
  })
  t.equal(body.payloadHash, 'a'.repeat(64))
  t.equal(body.body, source)
  t.strictSame(plainBody(0, 'UNSIGNED-PAYLOAD', undefined, undefined).headers, {
    set: [],
    contentEncoding: undefined,
    dropSdkChecksum: false,
  })
  t.equal(plainBody(1, 'x', 'aws-chunked, gzip', source).headers.contentEncoding, 'gzip')
})

t.test('a small body becomes a plain one, its trailing checksum a header', async (t) => {
  for (const size of [0, 1, 8192]) {
    const content = randomBytes(size)
    const plan = planOf({ decodedBytes: size, trailer: 'crc32', isSmall: true })
    for (const traits of [FORWARD, TERMINATE]) {
      const body = decodeSmallBody(plan, framed(content), 'aws-chunked', NO_SIGNATURES, traits)
      if (!body.ok) throw new Error(body.error.message)
      t.strictSame(body.value.headers, {
        set: ['content-length', String(size), 'x-amz-checksum-crc32', checksumOf('crc32', content)],
        contentEncoding: undefined,
        dropSdkChecksum: false,
      })
      t.equal(body.value.payloadHash, hash('sha256', content, 'hex'))
      t.ok((await framedAnew(body.value)).equals(content))
    }
  }
})

t.test('without a trailer nothing is left for x-amz-sdk-checksum-algorithm to name', async (t) => {
  const plan = planOf({ decodedBytes: 3 })
  const encoded = Buffer.from('3\r\nabc\r\n0\r\n\r\n')
  const body = decodeSmallBody(plan, encoded, 'gzip,aws-chunked', NO_SIGNATURES, FORWARD)
  t.match(body, { value: { headers: { dropSdkChecksum: true, contentEncoding: 'gzip' } } })
})

t.test('a small body that is wrong is refused before anything goes out', async (t) => {
  const plan = planOf({ decodedBytes: 3, trailer: 'crc32' })
  const decode = (encoded: Buffer, traits: UpstreamTraits) => {
    const result = decodeSmallBody(plan, encoded, undefined, NO_SIGNATURES, traits)
    return result.ok ? 'good' : result.error.code
  }
  const wrong = framed(Buffer.from('abc'), 'AAAAAA==')
  t.equal(decode(wrong, TERMINATE), 'BadDigest', 'verified here')
  t.equal(decode(wrong, FORWARD), 'good', 'left to S3, which gets it as a header')
  t.equal(decode(framed(Buffer.from('abcd')), FORWARD), 'IncompleteBody')
  t.equal(decode(Buffer.from('3\r\nabc\r\n'), FORWARD), 'IncompleteBody')
  t.equal(decode(Buffer.from('3\r\nabc\r\n0\r\n\r\n'), FORWARD), 'MalformedTrailerError')
})

const LARGE = randomBytes(200_000)
/** Chunks of 64 KiB, and one less. */
function framedInChunks(body: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += 65_536) {
    const chunk = body.subarray(at, at + 65_536)
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  parts.push(Buffer.from(`0\r\nx-amz-checksum-crc32:${checksumOf('crc32', body)}\r\n\r\n`))
  return Buffer.concat(parts)
}

t.test('a large body is decoded as it passes', async (t) => {
  const plan = planOf({
    decodedBytes: LARGE.length,
    trailer: 'crc32',
    upstream: { kind: 'unsigned' },
  })
  const source = Readable.from([framedInChunks(LARGE)])
  const body = reframeBody(plan, source, 'aws-chunked', NO_SIGNATURES, TERMINATE)
  t.strictSame(body.headers, {
    set: ['content-length', String(LARGE.length)],
    contentEncoding: undefined,
    dropSdkChecksum: true,
  })
  t.equal(body.payloadHash, 'UNSIGNED-PAYLOAD')
  t.ok((await framedAnew(body)).equals(LARGE))
})

t.test('a held body goes on with its checksum as a header, however it arrives', async (t) => {
  const whole = framedInChunks(LARGE)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(whole.length), { maxLength: 5 }), async (cuts) => {
      const ends = [...cuts.sort((a, b) => a - b), whole.length]
      const pieces = ends.map((end, i) => whole.subarray(ends[i - 1] ?? 0, end))
      const source = Readable.from(pieces.filter(({ length }) => length > 0))
      const plan = planOf({ decodedBytes: LARGE.length, trailer: 'crc32', checksum: 'header' })
      const held = await holdBody(plan, source, 'gzip,aws-chunked', NO_SIGNATURES, TERMINATE)
      if (!held.ok) throw new Error(held.error.message)
      t.strictSame(held.value.headers, {
        set: [
          ...['content-length', String(LARGE.length)],
          ...['x-amz-checksum-crc32', checksumOf('crc32', LARGE)],
        ],
        contentEncoding: 'gzip',
        dropSdkChecksum: false,
      })
      t.equal(held.value.payloadHash, 'UNSIGNED-PAYLOAD')
      t.ok(Buffer.isBuffer(held.value.body) && held.value.body.equals(LARGE))
    }),
    { numRuns: 30 },
  )
})

t.test('a held body that comes byte by byte is held in one piece', async (t) => {
  const content = randomBytes(70_000)
  const pieces = Array.from(framedInChunks(content), (byte) => Buffer.from([byte]))
  const plan = planOf({ decodedBytes: content.length, trailer: 'crc32', checksum: 'header' })
  const source = Readable.from(pieces)
  const held = await holdBody(plan, source, undefined, NO_SIGNATURES, TERMINATE)
  t.ok(held.ok && Buffer.isBuffer(held.value.body) && held.value.body.equals(content))
})

t.test('over plain HTTP the hash of a held body protects it, as signed chunks would', async (t) => {
  const upstream = { kind: 'chunked', framing: 'signed' } as const
  const plan = planOf({ decodedBytes: LARGE.length, trailer: 'crc32', upstream })
  const source = Readable.from([framedInChunks(LARGE)])
  const held = await holdBody(plan, source, undefined, NO_SIGNATURES, TERMINATE)
  t.match(held, { value: { payloadHash: hash('sha256', LARGE, 'hex') } })
})

t.test(
  'a held body that is wrong, or does not come, is refused before anything goes out',
  async (t) => {
    const plan = planOf({ decodedBytes: LARGE.length, trailer: 'crc32', checksum: 'header' })
    const whole = framedInChunks(LARGE)
    const hold = async (bytes: Buffer, verifier = NO_SIGNATURES) => {
      const held = await holdBody(plan, Readable.from([bytes]), undefined, verifier, TERMINATE)
      return held.ok ? 'good' : held.error.code
    }
    const spoilt = Buffer.from(whole)
    spoilt.writeUInt8(spoilt.readUInt8(1000) ^ 1, 1000)
    t.equal(await hold(spoilt), 'BadDigest')
    t.equal(await hold(whole.subarray(0, 100_000)), 'IncompleteBody')
    t.equal(await hold(whole.subarray(0, whole.length - 40)), 'IncompleteBody')
    const broken = new Readable({ read() {} })
    const pending = holdBody(plan, broken, undefined, NO_SIGNATURES, TERMINATE)
    broken.destroy(new DownstreamBodyError('idle'))
    t.match(await pending, { error: { reason: 'body-idle' } })
  },
)

const HASHES = {
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
} as const

for (const framing of ['signed', 'signed-trailer', 'unsigned-trailer'] as const) {
  const upstream = { kind: 'chunked', framing } as const

  t.test(`a large body is framed anew: ${framing}; the declared length is exact`, async (t) => {
    const hasTrailer = framing !== 'signed'
    const plan = planOf({ decodedBytes: LARGE.length, trailer: 'crc32', upstream })
    const source = Readable.from([framedInChunks(LARGE)])
    const body = reframeBody(plan, source, 'gzip,aws-chunked', NO_SIGNATURES, FORWARD)
    t.equal(body.payloadHash, HASHES[framing])
    t.equal(body.headers.contentEncoding, 'aws-chunked,gzip')
    t.equal(body.headers.dropSdkChecksum, !hasTrailer)
    const { set } = body.headers
    t.strictSame(set.slice(2), [
      ...['x-amz-decoded-content-length', String(LARGE.length)],
      ...(hasTrailer ? ['x-amz-trailer', 'x-amz-checksum-crc32'] : []),
    ])
    const sent = await framedAnew(body)
    t.strictSame(set.slice(0, 2), ['content-length', String(sent.length)])
    t.equal(sent.includes(`x-amz-checksum-crc32:${checksumOf('crc32', LARGE)}\r\n`), hasTrailer)
    t.equal(sent.includes('chunk-signature='), framing !== 'unsigned-trailer')
    t.equal(sent.includes('x-amz-trailer-signature:'), framing === 'signed-trailer')
  })

  t.test(`a large body that breaks does not reach its length: ${framing}`, async (t) => {
    const plan = planOf({ decodedBytes: LARGE.length, trailer: 'crc32', upstream })
    const whole = framedInChunks(LARGE)
    for (const end of [10, 100_000, whole.length - 40, whole.length - 1]) {
      const source = Readable.from([whole.subarray(0, end)])
      const body = reframeBody(plan, source, undefined, NO_SIGNATURES, FORWARD)
      await t.rejects(framedAnew(body), BodyError, `cut at ${end}`)
    }
  })
}
