import { PassThrough, Readable, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import type { DecodeOptions } from '../../src/body/aws-chunked-decoder.ts'
import { BodyError } from '../../src/body/body-error.ts'
import { DecodeAwsChunked } from '../../src/body/decode-aws-chunked.ts'
import { unverifiedChunks } from '../../src/sigv4/chunk-signature.ts'
import { SEED, wireBytes } from './aws-chunked-wire.ts'
import { ChunkChain } from './chunk-chain.ts'

const DATA = Buffer.alloc(200_000, 'abcdefghij')
const CHUNKS = [DATA.subarray(0, 65536), DATA.subarray(65536, 131072), DATA.subarray(131072)]

const signed = (): DecodeOptions => ({
  framing: 'signed',
  verifier: new ChunkChain(SEED),
  decodedLength: DATA.length,
  announced: undefined,
  verifyChecksum: false,
})

const unsigned = (decodedLength: number): DecodeOptions => ({
  framing: 'unsigned-trailer',
  verifier: unverifiedChunks(),
  decodedLength,
  announced: 'crc32',
  verifyChecksum: true,
})

function pieces(bytes: Buffer, size: number): Buffer[] {
  const list: Buffer[] = []
  for (let i = 0; i < bytes.length; i += size) list.push(bytes.subarray(i, i + size))
  return list
}

t.test('a stream is decoded', async (t) => {
  const encoded = wireBytes({ kind: 'signed', chunks: CHUNKS })
  const decoded = await buffer(
    Readable.from(pieces(encoded, 10_000)).pipe(new DecodeAwsChunked(signed())),
  )
  t.ok(decoded.equals(DATA))
})

t.test('the trailer is known at the end', async (t) => {
  const decode = new DecodeAwsChunked(unsigned(5))
  t.equal(decode.trailer, undefined)
  decode.end('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n')
  t.equal((await buffer(decode)).toString(), 'hello')
  t.equal(decode.trailer?.value, 'NhCmhg==')
})

for (const [name, change, code] of [
  ['a bad signature', (body: Buffer) => body.fill('0', 24, 28), 'SignatureDoesNotMatch'],
  ['a cut', (body: Buffer) => body.subarray(0, -3), 'IncompleteBody'],
] as const) {
  t.test(`${name} destroys the stream before its last byte`, async (t) => {
    const encoded = change(wireBytes({ kind: 'signed', chunks: CHUNKS }))
    let received = 0
    const sink = new Writable({
      write(chunk: Buffer, _encoding, callback) {
        received += chunk.length
        callback()
      },
    })
    const decode = new DecodeAwsChunked(signed())
    const error = await pipeline(Readable.from(pieces(encoded, 1000)), decode, sink).catch(
      (thrown: unknown) => thrown,
    )
    t.ok(error instanceof BodyError && error.s3.code === code)
    t.ok(decode.destroyed && sink.destroyed)
    t.ok(received < DATA.length)
  })
}

t.test('a reader that does not read holds the client back', async (t) => {
  const decode = new DecodeAwsChunked(signed())
  const source = Readable.from(pieces(wireBytes({ kind: 'signed', chunks: CHUNKS }), 1000))
  let taken = 0
  source.on('data', () => {
    taken++
  })
  source.pause()
  source.pipe(new PassThrough({ highWaterMark: 1 })).pipe(decode)
  while (!decode.writableNeedDrain) await new Promise(setImmediate)
  t.ok(taken * 1000 < DATA.length)
  t.ok((await buffer(decode)).equals(DATA))
})
