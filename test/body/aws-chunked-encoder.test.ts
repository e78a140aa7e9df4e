import { hash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { decodeAwsChunkedBuffer } from '../../src/body/aws-chunked-decoder.ts'
import {
  AwsChunkedEncoder,
  CHUNK_BYTES,
  encodedLength,
} from '../../src/body/aws-chunked-encoder.ts'
import { startChecksum } from '../../src/body/checksum.ts'
import type { ChecksumTrailer } from '../../src/body/checksum-trailer.ts'
import type { ChunkFraming } from '../../src/s3/payload.ts'
import { SEED, wireBytes } from './aws-chunked-wire.ts'
import { ChunkChain } from './chunk-chain.ts'

const KINDS = ['unsigned-trailer', 'signed', 'signed-trailer'] as const

function encode(
  kind: ChunkFraming,
  pieces: readonly Buffer[],
  trailer: ChecksumTrailer | undefined,
): Buffer {
  const out: Buffer[] = []
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const encoder = new AwsChunkedEncoder(kind, new ChunkChain(SEED), length, (bytes) =>
    out.push(bytes),
  )
  for (const piece of pieces) t.equal(encoder.push(piece), undefined)
  t.equal(encoder.finish(trailer), undefined)
  return Buffer.concat(out)
}

const CRC32C = { algorithm: 'crc32c', name: 'x-amz-checksum-crc32c', value: 'sOO8/Q==' } as const

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
t.test('the example of sigv4-streaming is made', async (t) => {
  const encoded = encode('signed', [Buffer.alloc(66560, 'a')], undefined)
  t.equal(encoded.length, 66824)
  t.match(
    encoded.toString('latin1'),
    /0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497/,
  )
  t.match(
    encoded.toString('latin1'),
    /b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n$/,
  )
})

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html */
t.test('the example of sigv4-streaming-trailers has its documented length', async (t) => {
  const shape = { framing: 'signed-trailer', decodedLength: 66560, trailer: 'crc32c' } as const
  t.equal(encodedLength(shape), 66946)
  t.equal(encode('signed-trailer', [Buffer.alloc(66560, 'a')], CRC32C).length, 66946)
})

t.test('an unsigned body with a trailer is what the JavaScript SDK sends', async (t) => {
  const encoded = encode('unsigned-trailer', [Buffer.from('hello')], {
    algorithm: 'crc32',
    name: 'x-amz-checksum-crc32',
    value: 'NhCmhg==',
  })
  t.equal(encoded.toString(), '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n')
})

for (const kind of KINDS) {
  for (const length of [
    0,
    1,
    15,
    16,
    8191,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    3 * CHUNK_BYTES,
  ]) {
    t.test(`${kind}: ${length} bytes are encoded as AWS's page has it`, async (t) => {
      const data = Buffer.alloc(length, 'x')
      const chunks: Buffer[] = []
      for (let i = 0; i < length; i += CHUNK_BYTES) chunks.push(data.subarray(i, i + CHUNK_BYTES))
      const trailer = kind === 'signed' ? undefined : CRC32C
      const encoded = encode(kind, [data], trailer)
      const expected = wireBytes({
        kind,
        chunks,
        ...(trailer && { trailer: `${trailer.name}:${trailer.value}` }),
      })
      t.ok(encoded.equals(expected))
      t.equal(
        encodedLength({ framing: kind, decodedLength: length, trailer: trailer?.algorithm }),
        encoded.length,
      )
    })
  }

  t.test(`${kind}: what is encoded in any pieces decodes to itself`, async () => {
    const algorithm = 'sha256'
    fc.assert(
      fc.property(fc.array(fc.nat(40_000), { maxLength: 12 }), fc.nat(255), (sizes, fill) => {
        const pieces = sizes.map((size, i) => Buffer.alloc(size, fill + i))
        const data = Buffer.concat(pieces)
        const checksum = startChecksum(algorithm)
        checksum?.update(data)
        const value = checksum?.digest().toString('base64') ?? ''
        const trailer =
          kind === 'signed'
            ? undefined
            : ({ algorithm, name: `x-amz-checksum-${algorithm}`, value } as const)
        const encoded = encode(kind, pieces, trailer)
        const decoded = decodeAwsChunkedBuffer(encoded, {
          framing: kind,
          verifier: new ChunkChain(SEED),
          decodedLength: data.length,
          announced: trailer?.algorithm,
          verifyChecksum: true,
        })
        return (
          decoded.ok &&
          decoded.value.body.equals(data) &&
          decoded.value.trailer?.value === trailer?.value &&
          encoded.length ===
            encodedLength({
              framing: kind,
              decodedLength: data.length,
              trailer: trailer?.algorithm,
            })
        )
      }),
      { numRuns: 30 },
    )
  })
}

t.test('a client that sends byte by byte makes no list of bytes', async (t) => {
  const bytes = Array.from({ length: 20_000 }, (_, i) => Buffer.from([i]))
  const out: Buffer[] = []
  const encoder = new AwsChunkedEncoder('signed', new ChunkChain(SEED), bytes.length, (piece) =>
    out.push(piece),
  )
  for (const byte of bytes) encoder.push(byte)
  t.ok(out.length < 100, 'the pieces of the chunk were joined')
  encoder.finish(undefined)
  const expected = wireBytes({ kind: 'signed', chunks: [Buffer.concat(bytes)] })
  t.ok(Buffer.concat(out).equals(expected))
})

t.test('a body of another length than declared is refused', async (t) => {
  const make = () =>
    new AwsChunkedEncoder('unsigned-trailer', new ChunkChain(SEED), 5, () => undefined)
  const more = make()
  t.match(more.push(Buffer.from('hello!')), {
    code: 'IncompleteBody',
    extras: [
      ['NumberBytesExpected', '5'],
      ['NumberBytesProvided', '6'],
    ],
  })
  const less = make()
  t.equal(less.push(Buffer.from('hell')), undefined)
  t.match(less.finish(undefined), {
    code: 'IncompleteBody',
    extras: [
      ['NumberBytesExpected', '5'],
      ['NumberBytesProvided', '4'],
    ],
  })
})

t.test('the length of 5 TB is computed', async (t) => {
  const decodedLength = 5 * 2 ** 40
  const chunks = decodedLength / CHUNK_BYTES
  t.equal(
    encodedLength({ framing: 'unsigned-trailer', decodedLength, trailer: 'crc64nvme' }),
    decodedLength + chunks * 9 + 3 + 'x-amz-checksum-crc64nvme:'.length + 12 + 2 + 2,
  )
})

t.test('unsigned data is not copied', async (t) => {
  const data = Buffer.from('hello')
  const out: Buffer[] = []
  new AwsChunkedEncoder('unsigned-trailer', new ChunkChain(SEED), 5, (bytes) =>
    out.push(bytes),
  ).push(data)
  t.equal(out[1], data)
  t.equal(hash('md5', Buffer.concat(out), 'hex'), hash('md5', '5\r\nhello', 'hex'))
})
