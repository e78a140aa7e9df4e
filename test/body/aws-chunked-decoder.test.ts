import fc from 'fast-check'
import t from 'tap'
import {
  AwsChunkedDecoder,
  type DecodeOptions,
  decodeAwsChunkedBuffer,
} from '../../src/body/aws-chunked-decoder.ts'
import { AwsChunkedEncoder } from '../../src/body/aws-chunked-encoder.ts'
import type { S3Error } from '../../src/s3/error.ts'
import type { ChunkFraming } from '../../src/s3/payload.ts'
import { chunkSigner, chunkVerifier } from '../../src/sigv4/chunk-signature.ts'
import type { SeedSignature } from '../../src/sigv4/seed-signature.ts'
import { deriveSigningKey } from '../../src/sigv4/signing-key.ts'
import { SEED, type Wire, wireBytes, wireParts } from './aws-chunked-wire.ts'
import { ChunkChain } from './chunk-chain.ts'

/** Nothing is signed: a verifier that is asked refuses. */
const UNSIGNED = {
  framing: 'unsigned-trailer',
  verifier: { verifyChunk: () => false, verifyTrailer: () => false },
} as const

function framed(framing: ChunkFraming, seed = SEED): Pick<DecodeOptions, 'framing' | 'verifier'> {
  return { framing, verifier: new ChunkChain(seed) }
}

function decode(
  pieces: readonly Buffer[],
  options: DecodeOptions,
): { body: Buffer; beforeFinish: number; error: S3Error | undefined; decoder: AwsChunkedDecoder } {
  const slices: Buffer[] = []
  const decoder = new AwsChunkedDecoder(options, (slice) => slices.push(slice))
  let error: S3Error | undefined
  for (const piece of pieces) error = decoder.push(piece)
  const beforeFinish = Buffer.concat(slices).length
  error = decoder.finish()
  return { body: Buffer.concat(slices), beforeFinish, error, decoder }
}

/** 66,560 times `a` in chunks of 64 KiB, as in the examples of AWS's pages. */
const EXAMPLE = [Buffer.alloc(65536, 'a'), Buffer.alloc(1024, 'a')]

function example(lines: readonly string[], end: string): Buffer {
  const [first = '', second = '', last = ''] = lines
  return Buffer.concat([
    Buffer.from(`10000;chunk-signature=${first}\r\n`),
    Buffer.alloc(65536, 'a'),
    Buffer.from(`\r\n400;chunk-signature=${second}\r\n`),
    Buffer.alloc(1024, 'a'),
    Buffer.from(`\r\n0;chunk-signature=${last}\r\n${end}`),
  ])
}

t.test('the example of sigv4-streaming is verified', async (t) => {
  const body = example(
    [
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ],
    '\r\n',
  )
  t.equal(body.length, 66824)
  const { body: decoded, error } = decode([body], {
    ...framed('signed'),
    decodedLength: 66560,
    announced: undefined,
    verifyChecksum: false,
  })
  t.equal(error, undefined)
  t.ok(decoded.equals(Buffer.concat(EXAMPLE)))
})

t.test('the example of sigv4-streaming-trailers is verified, its checksum too', async (t) => {
  const trailerSignature = 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435'
  const lines = [
    'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
    '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
    '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
  ]
  const seed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'
  const options = (): DecodeOptions => ({
    ...framed('signed-trailer', seed),
    decodedLength: 66560,
    announced: 'crc32c',
    verifyChecksum: true,
  })
  // The page prints the trailer's line with LF CR LF; clients send both.
  for (const lineEnd of ['\r\n', '\n\r\n']) {
    const end = `x-amz-checksum-crc32c:sOO8/Q==${lineEnd}x-amz-trailer-signature:${trailerSignature}\r\n\r\n`
    const { body, error, decoder } = decode([example(lines, end)], options())
    t.equal(error, undefined)
    t.equal(body.length, 66560)
    t.strictSame(decoder.trailer, {
      algorithm: 'crc32c',
      name: 'x-amz-checksum-crc32c',
      value: 'sOO8/Q==',
    })
  }
})

t.test('what src/sigv4 signs, it verifies here', async (t) => {
  const seed: SeedSignature = {
    signature: SEED,
    signingKey: deriveSigningKey(
      'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      '20130524',
      'us-east-1',
      's3',
    ),
    timestamp: '20130524T000000Z',
    scopeText: '20130524/us-east-1/s3/aws4_request',
  }
  const out: Buffer[] = []
  const encoder = new AwsChunkedEncoder('signed-trailer', chunkSigner(seed), 66560, (bytes) =>
    out.push(bytes),
  )
  encoder.push(Buffer.alloc(66560, 'a'))
  encoder.finish({ algorithm: 'crc32c', name: 'x-amz-checksum-crc32c', value: 'sOO8/Q==' })
  const ours = Buffer.concat(out)
  const trailer = 'x-amz-checksum-crc32c:sOO8/Q=='
  const page = wireBytes({ kind: 'signed-trailer', chunks: EXAMPLE, trailer })
  t.ok(ours.equals(page), 'as the page has it')
  const { error, body } = decode([ours], {
    framing: 'signed-trailer',
    verifier: chunkVerifier(seed),
    decodedLength: 66560,
    announced: 'crc32c',
    verifyChecksum: true,
  })
  t.equal(error, undefined)
  t.equal(body.length, 66560)
})

const DATA = Buffer.from(Array.from({ length: 8192 + 3 }, (_, i) => i * 7))
const CHUNKS = [DATA.subarray(0, 8192), DATA.subarray(8192)]
const CRC32 = 'x-amz-checksum-crc32:y0Z8Iw=='

function wire(kind: ChunkFraming): Wire {
  return kind === 'signed' ? { kind, chunks: CHUNKS } : { kind, chunks: CHUNKS, trailer: CRC32 }
}

function options(kind: ChunkFraming): DecodeOptions {
  return {
    ...framed(kind),
    decodedLength: DATA.length,
    announced: kind === 'signed' ? undefined : 'crc32',
    verifyChecksum: true,
  }
}

const KINDS = ['unsigned-trailer', 'signed', 'signed-trailer'] as const

/** What a changed byte of each part leads to. */
const FRAMED = {
  'chunk size': ['IncompleteBody'],
  'chunk line end': ['IncompleteBody'],
  'data end': ['IncompleteBody'],
  // A last chunk of one byte, after one of three.
  'final size': ['InvalidChunkSizeError'],
  'final line end': ['IncompleteBody'],
}
const SIGNED = {
  'chunk extension': ['IncompleteBody'],
  'chunk signature': ['SignatureDoesNotMatch'],
  data: ['SignatureDoesNotMatch'],
  'final extension': ['IncompleteBody'],
  'final signature': ['SignatureDoesNotMatch'],
}
const CODES = {
  'unsigned-trailer': {
    ...FRAMED,
    data: ['BadDigest'],
    trailer: ['BadDigest', 'InvalidRequest', 'MalformedTrailerError'],
    end: ['MalformedTrailerError'],
  },
  signed: { ...FRAMED, ...SIGNED, end: ['IncompleteBody'] },
  'signed-trailer': {
    ...FRAMED,
    ...SIGNED,
    trailer: ['MalformedTrailerError', 'SignatureDoesNotMatch'],
    'trailer signature': ['MalformedTrailerError', 'SignatureDoesNotMatch'],
    end: ['MalformedTrailerError'],
  },
}

for (const kind of KINDS) {
  t.test(`${kind}: split at every byte boundary it decodes the same`, async (t) => {
    const bytes = wireBytes(wire(kind))
    let different = 0
    for (let i = 0; i <= bytes.length; i++) {
      const { body, error } = decode([bytes.subarray(0, i), bytes.subarray(i)], options(kind))
      if (error !== undefined || !body.equals(DATA)) different++
    }
    t.equal(different, 0)
    const single = Array.from(bytes, (byte) => Buffer.from([byte]))
    const { body, error } = decode(single, options(kind))
    t.equal(error, undefined)
    t.ok(body.equals(DATA), 'byte by byte')
  })

  t.test(`${kind}: the last bytes are held back until the end`, async (t) => {
    const { beforeFinish, body } = decode([wireBytes(wire(kind))], options(kind))
    t.ok(beforeFinish < DATA.length)
    t.equal(body.length, DATA.length)
  })

  t.test(`${kind}: cut anywhere it is incomplete and the last byte stays`, async (t) => {
    const bytes = wireBytes(wire(kind))
    for (let i = 0; i < bytes.length; i += i > 200 && i < bytes.length - 400 ? 101 : 1) {
      const { body, error } = decode([bytes.subarray(0, i)], options(kind))
      if (error?.code !== 'IncompleteBody' || body.length >= DATA.length) {
        t.fail(`cut at ${i}: ${error?.code}, ${body.length} bytes`)
      }
    }
  })

  t.test(`${kind}: with any one byte changed it fails and the last byte stays`, async (t) => {
    const codes = new Map<string, Set<string>>()
    const bytes = wireBytes(wire(kind))
    let at = 0
    for (const [name, part] of wireParts(wire(kind))) {
      // Every byte of the framing; of the data the first, the last and some between.
      const step = name === 'data' ? Math.max(1, part.length >> 4) : 1
      for (let i = 0; i < part.length; i += step) {
        const changed = Buffer.from(bytes)
        changed[at + i] = (changed[at + i] ?? 0) ^ 1
        const { body, error } = decode([changed], options(kind))
        const benign = error === undefined && body.equals(DATA)
        if (!benign && (error === undefined || body.length >= DATA.length)) {
          t.fail(`${name} byte ${i}: ${error?.code}, ${body.length} bytes`)
        }
        const seen = codes.get(name) ?? new Set()
        codes.set(name, seen.add(error?.code ?? 'accepted'))
      }
      at += part.length
    }
    t.strictSame(
      Object.fromEntries([...codes].map(([name, seen]) => [name, [...seen].sort()])),
      CODES[kind],
    )
  })
}

const ONE = Buffer.from('hello')
const HELLO = 'x-amz-checksum-crc32:NhCmhg=='

/** Bodies of five bytes, each broken in its own way, and what S3 says. */
const REFUSED: readonly (readonly [
  name: string,
  wire: Wire,
  announced: DecodeOptions['announced'],
  change: (text: string) => string,
  code: string,
])[] = [
  [
    'an announced trailer is missing',
    { kind: 'unsigned-trailer', chunks: [ONE] },
    'crc32',
    same,
    'MalformedTrailerError',
  ],
  [
    'a trailer that was not announced',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: HELLO },
    undefined,
    same,
    'MalformedTrailerError',
  ],
  [
    'another trailer than announced',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: HELLO },
    'crc32c',
    same,
    'MalformedTrailerError',
  ],
  [
    'k32: encryption as a trailer',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: 'x-amz-server-side-encryption:AES256' },
    'crc32',
    same,
    'MalformedTrailerError',
  ],
  [
    'the same trailer twice',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: `${HELLO}\r\n${HELLO}` },
    'crc32',
    same,
    'MalformedTrailerError',
  ],
  [
    'a second trailer',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: `${HELLO}\r\na:b` },
    'crc32',
    same,
    'MalformedTrailerError',
  ],
  [
    'a wrong checksum',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: 'x-amz-checksum-crc32:AAAAAA==' },
    'crc32',
    same,
    'BadDigest',
  ],
  [
    'a checksum that is none',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: 'x-amz-checksum-crc32:not=base-64' },
    'crc32',
    same,
    'InvalidRequest',
  ],
  [
    'a checksum of the wrong length',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: 'x-amz-checksum-crc32:NhCm' },
    'crc32',
    same,
    'InvalidRequest',
  ],
  [
    'a trailer signature where none is',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: 'x-amz-trailer-signature:00' },
    undefined,
    same,
    'MalformedTrailerError',
  ],
  [
    'no trailer signature',
    { kind: 'signed-trailer', chunks: [ONE], trailer: HELLO },
    'crc32',
    (text) => text.replace(/x-amz-trailer-signature.*\r\n/, ''),
    'MalformedTrailerError',
  ],
  [
    'a trailer after the signature',
    { kind: 'signed-trailer', chunks: [ONE], trailer: HELLO },
    'crc32',
    (text) => text.replace(/\r\n$/, `${HELLO}\r\n\r\n`),
    'MalformedTrailerError',
  ],
  [
    'two trailer signatures',
    { kind: 'signed-trailer', chunks: [ONE], trailer: HELLO },
    'crc32',
    (text) => text.replace(/(x-amz-trailer-signature.*\r\n)/, '$1$1'),
    'MalformedTrailerError',
  ],
  [
    'a trailer signature that is none',
    { kind: 'signed-trailer', chunks: [ONE], trailer: HELLO },
    'crc32',
    (text) => text.replace(/-signature:.*\r\n/, '-signature:0\r\n'),
    'SignatureDoesNotMatch',
  ],
  [
    'a trailer that was changed',
    { kind: 'signed-trailer', chunks: [ONE], trailer: HELLO },
    'crc32',
    (text) => text.replace('NhCmhg', 'NhCmhw'),
    'SignatureDoesNotMatch',
  ],
  [
    'data that was changed',
    { kind: 'signed', chunks: [ONE] },
    undefined,
    (text) => text.replace('hello', 'hullo'),
    'SignatureDoesNotMatch',
  ],
  [
    'an XXHash checksum to verify',
    { kind: 'unsigned-trailer', chunks: [ONE], trailer: 'x-amz-checksum-xxhash64:AAAAAAAAAAA=' },
    'xxhash64',
    same,
    'NotImplemented',
  ],
]

for (const [name, broken, announced, change, code] of REFUSED) {
  t.test(`${broken.kind}: ${name} is ${code}`, async (t) => {
    const text = Buffer.from(change(wireBytes(broken).toString('latin1')), 'latin1')
    const { body, error } = decode([text], {
      ...framed(broken.kind),
      decodedLength: 5,
      announced,
      verifyChecksum: true,
    })
    t.equal(error?.code, code)
    t.equal(body.length, 0, 'a body of one slice has not begun')
  })
}

t.test('chunks that change places are refused', async (t) => {
  const chunks = [Buffer.alloc(8192, 'a'), Buffer.alloc(8192, 'b')]
  const parts = wireParts({ kind: 'signed', chunks }).map(([, bytes]) => bytes)
  const swapped = [...parts.slice(6, 12), ...parts.slice(0, 6), ...parts.slice(12)]
  const { error } = decode(swapped, {
    ...framed('signed'),
    decodedLength: 16384,
    announced: undefined,
    verifyChecksum: false,
  })
  t.equal(error?.code, 'SignatureDoesNotMatch')
})

t.test('an unverified checksum is passed on as it came, XXHash too', async (t) => {
  const trailer = 'x-amz-checksum-xxhash64:AAAAAAAAAAA='
  const body = wireBytes({ kind: 'unsigned-trailer', chunks: [ONE], trailer })
  const { error, decoder } = decode([body], {
    ...UNSIGNED,
    decodedLength: 5,
    announced: 'xxhash64',
    verifyChecksum: false,
  })
  t.equal(error, undefined)
  t.equal(decoder.trailer?.value, 'AAAAAAAAAAA=')
})

t.test('a signed body may announce no trailer and sign its lack', async (t) => {
  const { error, body } = decode([wireBytes({ kind: 'signed-trailer', chunks: [ONE] })], {
    ...framed('signed-trailer'),
    decodedLength: 5,
    announced: undefined,
    verifyChecksum: false,
  })
  t.equal(error, undefined)
  t.equal(body.toString(), 'hello')
})

t.test('a small body is decoded as a whole', async (t) => {
  const decoded = decodeAwsChunkedBuffer(
    wireBytes(wire('signed-trailer')),
    options('signed-trailer'),
  )
  t.match(decoded, { ok: true, value: { body: DATA, trailer: { value: 'y0Z8Iw==' } } })
  const single = decodeAwsChunkedBuffer(Buffer.from('5\r\nhello\r\n0\r\n\r\n'), {
    ...UNSIGNED,
    decodedLength: 5,
    announced: undefined,
    verifyChecksum: false,
  })
  t.match(single, { ok: true, value: { body: ONE, trailer: undefined } })
})

t.test('an empty body is decoded as a whole', async (t) => {
  t.match(
    decodeAwsChunkedBuffer(Buffer.from('0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'), {
      ...UNSIGNED,
      decodedLength: 0,
      announced: 'crc32',
      verifyChecksum: true,
    }),
    { ok: true, value: { trailer: { value: 'AAAAAA==' } } },
  )
})

t.test('a small body that is broken is refused as a whole', async (t) => {
  t.match(decodeAwsChunkedBuffer(Buffer.from('5\r\nhel'), options('unsigned-trailer')), {
    ok: false,
    error: { code: 'IncompleteBody' },
  })
})

function same(text: string): string {
  return text
}

/** An edit of a body: at a place, so many bytes are replaced by others. */
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  drop: fc.nat(3),
  insert: fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.constant(Buffer.from('\r\n'))),
})

for (const kind of KINDS) {
  t.test(`${kind}: whatever is edited, however it is split, nothing wrong gets out`, async () => {
    const bytes = wireBytes({ kind, chunks: [ONE], ...(kind !== 'signed' && { trailer: HELLO }) })
    const settings = (): DecodeOptions => ({ ...options(kind), decodedLength: ONE.length })
    fc.assert(
      fc.property(edit, fc.array(fc.nat(bytes.length), { maxLength: 4 }), (change, cuts) => {
        const at = Math.floor(change.at * bytes.length)
        const edited = Buffer.concat([
          bytes.subarray(0, at),
          change.insert,
          bytes.subarray(at + change.drop),
        ])
        const whole = decode([edited], settings())
        const places = [0, ...cuts.sort((a, b) => a - b), edited.length]
        const split = decode(
          places.slice(1).map((end, i) => edited.subarray(places[i], end)),
          settings(),
        )
        const same = whole.error?.reason === split.error?.reason
        const safe =
          whole.error === undefined ? whole.body.equals(ONE) : split.body.length < ONE.length
        return same && safe
      }),
      { numRuns: 300 },
    )
  })
}
