import t from 'tap'
import { AwsChunkedParser } from '../../src/body/aws-chunked-parser.ts'
import type { S3Error } from '../../src/s3/error.ts'
import type { ChunkFraming } from '../../src/s3/payload.ts'
import { wireBytes } from './aws-chunked-wire.ts'

interface Parsed {
  readonly data: string
  readonly ends: string[]
  readonly trailers: [string, string][]
  readonly ended: boolean
  readonly error: S3Error | undefined
}

function parse(
  kind: ChunkFraming,
  decodedLength: number,
  pieces: readonly (Buffer | string)[],
): Parsed {
  let data = ''
  let ended = false
  const ends: string[] = []
  const trailers: [string, string][] = []
  const parser = new AwsChunkedParser(kind, decodedLength, {
    onData: (slice) => {
      data += slice.toString('latin1')
    },
    onChunkEnd: (signature) => {
      ends.push(signature)
      return undefined
    },
    onTrailer: (name, value) => {
      trailers.push([name, value])
      return undefined
    },
    onEnd: () => {
      ended = true
      return undefined
    },
  })
  for (const piece of pieces) parser.push(Buffer.from(piece))
  return { data, ends, trailers, error: parser.finish(), ended }
}

const SIGNATURE = 'AD80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'
const UNSIGNED = '5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32: NhCmhg== \r\n\r\n'
const SIGNED = `5;chunk-signature=${SIGNATURE}\r\nhello\r\n0;chunk-signature=${SIGNATURE}\r\n\r\n`

t.test('an unsigned body gives its data and its trailer', async (t) => {
  t.strictSame(parse('unsigned-trailer', 5, [UNSIGNED]), {
    data: 'hello',
    ends: ['', ''],
    trailers: [['x-amz-checksum-crc32', 'NhCmhg==']],
    error: undefined,
    ended: true,
  })
})

t.test('a signed body; signatures in lower case', async (t) => {
  t.strictSame(parse('signed', 5, [SIGNED]), {
    data: 'hello',
    ends: [SIGNATURE.toLowerCase(), SIGNATURE.toLowerCase()],
    trailers: [],
    error: undefined,
    ended: true,
  })
})

t.test('an empty body ends without an error', async (t) => {
  t.match(parse('unsigned-trailer', 0, ['0\r\n\r\n']), { data: '', ended: true, error: undefined })
})

t.test('a chunk size in upper case is read', async (t) => {
  t.match(parse('unsigned-trailer', 10, ['A\r\n0123456789\r\n0\r\n\r\n']), { error: undefined })
})

for (const [kind, text] of [
  ['unsigned-trailer', UNSIGNED],
  ['signed', SIGNED],
] as const) {
  t.test(`${kind}: split at every byte boundary it parses the same`, async (t) => {
    const whole = parse(kind, 5, [text])
    for (let i = 0; i <= text.length; i++) {
      t.strictSame(parse(kind, 5, [text.slice(0, i), text.slice(i)]), whole, `split at ${i}`)
    }
    t.strictSame(parse(kind, 5, [...text]), whole, 'byte by byte')
  })

  t.test(`${kind}: cut anywhere it is incomplete`, async (t) => {
    for (let i = 0; i < text.length; i++) {
      const { error, ended } = parse(kind, 5, [text.slice(0, i)])
      t.match({ ended, code: error?.code }, { ended: false, code: 'IncompleteBody' }, `cut at ${i}`)
    }
  })
}

t.test('minio-go ends a trailer line with LF CR LF', async (t) => {
  const text = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\n\r\n\r\n'
  t.match(parse('unsigned-trailer', 5, [...text]), {
    trailers: [['x-amz-checksum-crc32', 'NhCmhg==']],
    error: undefined,
    ended: true,
  })
})

t.test('zeros in front of a size say nothing', async (t) => {
  for (const [size, last] of [
    ['05', '00'],
    ['0000000000000005', '0000000000000000'],
    ['5', '0'],
  ]) {
    const unsigned = `${size}\r\nhello\r\n${last}\r\n\r\n`
    t.match(parse('unsigned-trailer', 5, [...unsigned]), { data: 'hello', ended: true }, unsigned)
    const signed = SIGNED.replace(/^5/, String(size)).replace('\r\n0;', `\r\n${last};`)
    t.match(parse('signed', 5, [...signed]), { data: 'hello', ended: true }, signed)
  }
})

const KIB8 = 'x'.repeat(8192)

/** Each way of being wrong, and the code of S3 where a recording of it is known. */
const BROKEN: readonly (readonly [name: string, kind: ChunkFraming, text: string, code: string])[] =
  [
    ['no framing at all', 'unsigned-trailer', 'hello', 'IncompleteBody'],
    ['an empty size', 'unsigned-trailer', '\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['0x', 'unsigned-trailer', '0x5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a sign', 'unsigned-trailer', '+5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a negative size', 'unsigned-trailer', '-5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['white space before a size', 'unsigned-trailer', ' 5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['white space after a size', 'unsigned-trailer', '5 \r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a size of 2^52', 'unsigned-trailer', '10000000000000\r\n', 'IncompleteBody'],
    ['17 digits', 'unsigned-trailer', `${'0'.repeat(16)}5\r\nhello\r\n`, 'IncompleteBody'],
    [
      'a last chunk of 17 zeros',
      'unsigned-trailer',
      `5\r\nhello\r\n${'0'.repeat(17)}\r\n\r\n`,
      'IncompleteBody',
    ],
    ['LF for CR LF', 'unsigned-trailer', '5\nhello\n0\n\n', 'IncompleteBody'],
    ['CR for CR LF', 'unsigned-trailer', '5\rhello\r0\r\r', 'IncompleteBody'],
    ['data too long', 'unsigned-trailer', '5\r\nhello!\r\n0\r\n\r\n', 'IncompleteBody'],
    ['data too short', 'unsigned-trailer', '5\r\nhell\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a zero chunk before the end', 'unsigned-trailer', '2\r\nhe\r\n0\r\n\r\n', 'IncompleteBody'],
    ['an extension', 'unsigned-trailer', '5;a=b\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a signature', 'unsigned-trailer', SIGNED, 'IncompleteBody'],
    ['no signature', 'signed', '5\r\nhello\r\n0\r\n\r\n', 'IncompleteBody'],
    ['an empty signature', 'signed', '5;chunk-signature=\r\nhello\r\n', 'IncompleteBody'],
    ['white space around ;', 'signed', SIGNED.replace(';', ' ; '), 'IncompleteBody'],
    ['another extension', 'signed', SIGNED.replace('chunk-s', 'chunk-S'), 'IncompleteBody'],
    ['an extension before', 'signed', SIGNED.replace(';', ';a=b;'), 'IncompleteBody'],
    ['an extension after', 'signed', SIGNED.replace('\r\n', ';a=b\r\n'), 'IncompleteBody'],
    ['a signature too long', 'signed', SIGNED.replace('\r\n', '0\r\n'), 'IncompleteBody'],
    ['a signature too short', 'signed', SIGNED.replace('8\r\n', '\r\n'), 'SignatureDoesNotMatch'],
    ['no hex', 'signed', SIGNED.replace('AD80', 'invalid'), 'SignatureDoesNotMatch'],
    [
      'a small chunk',
      'unsigned-trailer',
      '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
      'InvalidChunkSizeError',
    ],
    ['more than declared', 'unsigned-trailer', '6\r\nhello!\r\n0\r\n\r\n', 'IncompleteBody'],
    [
      'bytes after the end',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\n\r\nx',
      'MalformedTrailerError',
    ],
    ['bytes after a signed end', 'signed', `${SIGNED}\r\n`, 'MalformedTrailerError'],
    [
      'a trailer without colon',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\na\r\n\r\n',
      'MalformedTrailerError',
    ],
    [
      'a trailer without name',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\n:a\r\n\r\n',
      'MalformedTrailerError',
    ],
    [
      'NUL in a trailer',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\na:\0\r\n\r\n',
      'MalformedTrailerError',
    ],
    [
      'no ASCII in a trailer',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\na:é\r\n\r\n',
      'MalformedTrailerError',
    ],
    [
      'LF in a trailer',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\na:b\nc:d\r\n\r\n',
      'IncompleteBody',
    ],
    [
      'a trailer line of LF',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\n\n\r\n\r\n',
      'MalformedTrailerError',
    ],
    [
      'CR in a trailer',
      'unsigned-trailer',
      '5\r\nhello\r\n0\r\na:\rb\r\n\r\n',
      'MalformedTrailerError',
    ],
    [
      'a trailer where there is none',
      'signed',
      SIGNED.replace(/\r\n$/, 'a:b\r\n\r\n'),
      'IncompleteBody',
    ],
  ]

for (const [name, kind, text, code] of BROKEN) {
  t.test(`${kind}: ${name} is ${code}`, async (t) => {
    const whole = parse(kind, 5, [text])
    t.equal(whole.error?.code, code)
    t.strictSame(parse(kind, 5, [...text]).error, whole.error, 'byte by byte as well')
  })
}

t.test('the chunk after the small one is named, with the small size', async (t) => {
  const chunks = [Buffer.alloc(8192), Buffer.alloc(8191), Buffer.alloc(1)]
  const { error } = parse('unsigned-trailer', 16384, [
    wireBytes({ kind: 'unsigned-trailer', chunks }),
  ])
  t.strictSame(error?.extras, [
    ['Chunk', '3'],
    ['BadChunkSize', '8191'],
  ])
})

t.test(
  'a chunk of 8192 bytes may be followed by another, the last may have one byte',
  async (t) => {
    const text = `2000\r\n${KIB8}\r\n1\r\ny\r\n0\r\n\r\n`
    t.match(parse('unsigned-trailer', 8193, [text]), { data: `${KIB8}y`, error: undefined })
  },
)

t.test('other lengths than declared name both lengths', async (t) => {
  t.strictSame(parse('unsigned-trailer', 12, ['4\r\nhell\r\n0\r\n\r\n']).error?.extras, [
    ['NumberBytesExpected', '12'],
    ['NumberBytesProvided', '4'],
  ])
  t.strictSame(parse('unsigned-trailer', 3, ['4\r\nhell\r\n0\r\n\r\n']).error?.extras, [
    ['NumberBytesExpected', '3'],
    ['NumberBytesProvided', '4'],
  ])
})

t.test('a chunk beyond the declared length is refused before its data', async (t) => {
  t.match(parse('unsigned-trailer', 4, ['5\r\nhello\r\n0\r\n\r\n']), {
    data: '',
    error: { reason: 'decoded-length-mismatch' },
  })
})

t.test('trailer lines have 1024 bytes together, not 1025', async (t) => {
  const text = (bytes: number) => `0\r\na:${'b'.repeat(bytes - 6)}\r\n\r\n`
  t.equal(parse('unsigned-trailer', 0, [text(1024)]).error, undefined)
  t.equal(parse('unsigned-trailer', 0, [text(1025)]).error?.code, 'MalformedTrailerError')
})

t.test('a declared chunk of 5 TB allocates nothing', async (t) => {
  const size = 5 * 2 ** 40
  let slices = 0
  const parser = new AwsChunkedParser('unsigned-trailer', size, {
    onData: () => {
      slices++
    },
    onChunkEnd: () => undefined,
    onTrailer: () => undefined,
    onEnd: () => undefined,
  })
  const before = process.memoryUsage()
  t.equal(parser.push(Buffer.from(`${size.toString(16)}\r\nabc`)), undefined)
  const after = process.memoryUsage()
  t.ok(after.rss - before.rss < 64 * 2 ** 20, 'memory stays')
  t.ok(after.arrayBuffers - before.arrayBuffers < 2 ** 20, 'no buffer appears')
  t.equal(slices, 1)
  t.equal(parser.finish()?.code, 'IncompleteBody')
})

t.test('an error stays, whatever follows', async (t) => {
  const parser = new AwsChunkedParser('unsigned-trailer', 5, {
    onData: () => t.fail('no data'),
    onChunkEnd: () => undefined,
    onTrailer: () => undefined,
    onEnd: () => undefined,
  })
  const first = parser.push(Buffer.from('?'))
  t.equal(first?.code, 'IncompleteBody')
  t.equal(parser.push(Buffer.from('5\r\nhello\r\n0\r\n\r\n')), first)
  t.equal(parser.finish(), first)
})

t.test('an error of the sink ends the parsing', async (t) => {
  const refused = {
    code: 'AccessDenied',
    message: 'm',
    reason: 'internal-error',
    source: 'downstream',
  } as const
  let after = 0
  const parser = new AwsChunkedParser('unsigned-trailer', 5, {
    onData: () => undefined,
    onChunkEnd: () => refused,
    onTrailer: () => {
      after++
      return undefined
    },
    onEnd: () => {
      after++
      return undefined
    },
  })
  t.equal(parser.push(Buffer.from(UNSIGNED)), refused)
  t.equal(after, 0)
})
