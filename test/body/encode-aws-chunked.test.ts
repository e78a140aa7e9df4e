import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { encodedLength } from '../../src/body/aws-chunked-encoder.ts'
import { BodyError } from '../../src/body/body-error.ts'
import { DecodeAwsChunked } from '../../src/body/decode-aws-chunked.ts'
import { EncodeAwsChunked } from '../../src/body/encode-aws-chunked.ts'
import { unverifiedChunks } from '../../src/sigv4/chunk-signature.ts'
import { SEED, wireBytes } from './aws-chunked-wire.ts'
import { ChunkChain } from './chunk-chain.ts'

const CLIENT_SEED = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'
const DATA = Buffer.alloc(200_000, 'abcdefghij')
const CHUNKS = [DATA.subarray(0, 10_000), DATA.subarray(10_000, 90_000), DATA.subarray(90_000)]

/** A client's body: signed with its own chain, in its own chunks. */
function clientBody(trailer: string): Buffer {
  return wireBytes({ kind: 'unsigned-trailer', chunks: CHUNKS, trailer })
}

const decoder = () =>
  new DecodeAwsChunked({
    framing: 'unsigned-trailer',
    verifier: unverifiedChunks(),
    decodedLength: DATA.length,
    announced: 'crc32',
    verifyChecksum: true,
  })

t.test('a body is decoded, verified, and signed afresh in one pipeline', async (t) => {
  const decode = decoder()
  const encode = new EncodeAwsChunked({
    framing: 'signed-trailer',
    signer: new ChunkChain(CLIENT_SEED),
    decodedLength: DATA.length,
    trailer: () => decode.trailer,
  })
  const crc = 'SPEc7g=='
  Readable.from([clientBody(`x-amz-checksum-crc32:${crc}`)])
    .pipe(decode)
    .pipe(encode)
  const encoded = await buffer(encode)
  t.equal(
    encoded.length,
    encodedLength({ framing: 'signed-trailer', decodedLength: DATA.length, trailer: 'crc32' }),
  )
  const verify = new DecodeAwsChunked({
    framing: 'signed-trailer',
    verifier: new ChunkChain(CLIENT_SEED),
    decodedLength: DATA.length,
    announced: 'crc32',
    verifyChecksum: true,
  })
  t.ok((await buffer(Readable.from([encoded]).pipe(verify))).equals(DATA))
  t.equal(verify.trailer?.value, crc)
})

t.test('a body that fails verification is cut before its encoded end', async (t) => {
  const decode = decoder()
  const encode = new EncodeAwsChunked({
    framing: 'signed',
    signer: new ChunkChain(SEED),
    decodedLength: DATA.length,
    trailer: () => decode.trailer,
  })
  let received = 0
  const error = await pipeline(
    Readable.from([clientBody('x-amz-checksum-crc32:AAAAAA==')]),
    decode,
    encode,
    async (encoded: AsyncIterable<Buffer>) => {
      for await (const chunk of encoded) received += chunk.length
    },
  ).catch((thrown: unknown) => thrown)
  t.ok(error instanceof BodyError && error.s3.code === 'BadDigest')
  t.ok(
    received < encodedLength({ framing: 'signed', decodedLength: DATA.length, trailer: undefined }),
  )
})

for (const [name, data, code] of [
  ['more', 'hello!', 'IncompleteBody'],
  ['less', 'hell', 'IncompleteBody'],
] as const) {
  t.test(`${name} than the declared length destroys the stream`, async (t) => {
    const encode = new EncodeAwsChunked({
      framing: 'unsigned-trailer',
      signer: new ChunkChain(SEED),
      decodedLength: 5,
      trailer: () => undefined,
    })
    encode.end(data)
    const error = await buffer(encode).catch((thrown: unknown) => thrown)
    t.ok(error instanceof BodyError && error.s3.code === code)
  })
}
