import { randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import t from 'tap'
import { decodeAwsChunkedBuffer } from '../../src/body/aws-chunked-decoder.ts'
import { CHUNK_BYTES } from '../../src/body/aws-chunked-encoder.ts'
import { BodyError } from '../../src/body/body-error.ts'
import { buildFormFrame, formContentLength } from '../../src/body/form-writer.ts'
import { frameBody, isRepeatable } from '../../src/body/frame-body.ts'
import type { ChunkFraming } from '../../src/s3/payload.ts'
import { chunkVerifier, unverifiedChunks } from '../../src/sigv4/chunk-signature.ts'
import type { SeedSignature } from '../../src/sigv4/seed-signature.ts'
import { deriveSigningKey } from '../../src/sigv4/signing-key.ts'
import { SEED as CLIENT_SEED, wireBytes } from './aws-chunked-wire.ts'
import { ChunkChain } from './chunk-chain.ts'

/** The signature of the head. */
const SEED: SeedSignature = {
  signature: 'a'.repeat(64),
  timestamp: '20130524T000000Z',
  scopeText: '20130524/us-east-1/s3/aws4_request',
  signingKey: deriveSigningKey('secret', '20130524', 'us-east-1', 's3'),
}

const UNSIGNED = {
  framing: 'unsigned-trailer',
  verifier: unverifiedChunks(),
  decodedLength: 5,
  announced: undefined,
  verifyChecksum: false,
} as const

const CHUNKS = '5\r\nhello\r\n0\r\n\r\n'

/** A body that comes in pieces of one byte. */
function pieces(text: string): Readable {
  return Readable.from([...text].map((byte) => Buffer.from(byte)))
}

async function sent(body: Buffer | Readable | undefined): Promise<Buffer> {
  if (!(body instanceof Readable)) throw new Error('a stream is expected')
  return buffer(body)
}

t.test('what is not framed anew goes on as it is', async (t) => {
  const bytes = Buffer.from('hello')
  const stream = new PassThrough()
  for (const body of [undefined, bytes, stream]) {
    t.equal(frameBody(body, undefined), body)
    t.equal(frameBody(body, SEED), body)
  }
})

t.test('chunks are taken off', async (t) => {
  const chunks = { kind: 'chunks', source: pieces(CHUNKS), decode: UNSIGNED } as const
  const framed = frameBody({ ...chunks, encode: undefined }, undefined)
  t.equal((await sent(framed)).toString(), 'hello')
})

t.test('chunks of our own are signed after our own head', async (t) => {
  const source = pieces(CHUNKS)
  const framed = frameBody({ kind: 'chunks', source, decode: UNSIGNED, encode: 'signed' }, SEED)
  const encoded = await sent(framed)
  const verify = (seed: SeedSignature) => {
    const options = { ...UNSIGNED, framing: 'signed', verifier: chunkVerifier(seed) } as const
    return decodeAwsChunkedBuffer(encoded, options)
  }
  t.match(verify(SEED), { ok: true, value: { body: Buffer.from('hello') } })
  const other = { ...SEED, signature: 'b'.repeat(64) }
  t.match(verify(other), { error: { reason: 'chunk-signature-mismatch' } })
})

t.test('chunks of any size are verified, and signed anew', async (t) => {
  const size = fc.oneof(
    fc.constantFrom(CHUNK_BYTES, CHUNK_BYTES, 2 * CHUNK_BYTES, CHUNK_BYTES / 2, 8_192),
    fc.integer({ min: 8_192, max: 140_000 }),
  )
  const framing = fc.constantFrom<ChunkFraming[]>('signed', 'signed-trailer')
  const sizes = fc.array(size, { maxLength: 5 })
  const last = fc.integer({ min: 0, max: 70_000 })
  const split = fc.integer({ min: 1_000, max: 200_000 })
  await fc.assert(
    fc.asyncProperty(framing, sizes, last, split, async (framing, sizes, last, split) => {
      const data = randomBytes(sizes.reduce((sum, bytes) => sum + bytes, last))
      const chunks: Buffer[] = []
      for (const bytes of last > 0 ? [...sizes, last] : sizes) {
        const at = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
        chunks.push(data.subarray(at, at + bytes))
      }
      const wire = wireBytes({ kind: framing, chunks })
      const parts: Buffer[] = []
      for (let at = 0; at < wire.length; at += split) parts.push(wire.subarray(at, at + split))
      const common = {
        framing,
        decodedLength: data.length,
        announced: undefined,
        verifyChecksum: false,
      }
      const decode = { ...common, verifier: new ChunkChain(CLIENT_SEED) }
      const source = Readable.from(parts)
      const encoded = await sent(
        frameBody({ kind: 'chunks', source, decode, encode: framing }, SEED),
      )
      const decoded = decodeAwsChunkedBuffer(encoded, { ...common, verifier: chunkVerifier(SEED) })
      t.ok(decoded.ok && decoded.value.body.equals(data))
    }),
    { numRuns: 40 },
  )
})

t.test('chunks are not sent under a head without a signature', async (t) => {
  const source = pieces(CHUNKS)
  t.throws(() =>
    frameBody({ kind: 'chunks', source, decode: UNSIGNED, encode: 'signed' }, undefined),
  )
})

t.test('a body that does not hold what its head says fails the stream', async (t) => {
  for (const encode of [undefined, 'signed', 'unsigned-trailer'] as const) {
    const source = pieces('5\r\nhell')
    const framed = frameBody({ kind: 'chunks', source, decode: UNSIGNED, encode }, SEED)
    await t.rejects(sent(framed), BodyError)
    t.ok(source.destroyed)
  }
})

t.test('our own form stands around the bytes of the file', async (t) => {
  const frame = buildFormFrame({
    boundary: 'ours',
    fields: [{ name: 'key', value: 'k' }],
    file: { filename: undefined, contentType: 'text/plain' },
  })
  if (!frame.ok) throw new Error(frame.error.message)
  const rest = 'the bytes\r\n--theirs--\r\n'
  const file = { boundary: 'theirs', remaining: rest.length, range: undefined }
  const framed = frameBody(
    { kind: 'form', source: pieces(rest), frame: frame.value, file },
    undefined,
  )
  const form = await sent(framed)
  t.match(form.toString(), /name="key"\r\n\r\nk\r\n--ours\r\n.*?\r\n\r\nthe bytes\r\n--ours/s)
  t.equal(form.length, formContentLength(frame.value, file))
})

t.test('only what is in memory can be sent a second time', async (t) => {
  t.equal(isRepeatable(undefined), true)
  t.equal(isRepeatable(Buffer.from('hello')), true)
  t.equal(isRepeatable(new PassThrough()), false)
  const source = pieces(CHUNKS)
  t.equal(isRepeatable({ kind: 'chunks', source, decode: UNSIGNED, encode: undefined }), false)
})
