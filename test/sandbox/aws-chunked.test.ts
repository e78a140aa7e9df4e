import t from 'tap'
import { type ChunkedForm, createChunkedDecoder } from '../../src/sandbox/aws-chunked.ts'
import { signingKey } from '../../src/sandbox/signature.ts'

/** AWS's example: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
const SIGNING = {
  signingKey: signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', '20130524', 'us-east-1'),
  dateTime: '20130524T000000Z',
  scope: '20130524/us-east-1/s3/aws4_request',
  seedSignature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
}
const A64K = 'a'.repeat(65_536)
const A1K = 'a'.repeat(1024)
const SIGNED =
  `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${A64K}\r\n` +
  `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${A1K}\r\n` +
  '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html */
const TRAILER_SIGNING = {
  ...SIGNING,
  seedSignature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
}
const SIGNED_TRAILER =
  `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${A64K}\r\n` +
  `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${A1K}\r\n` +
  '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
  'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
  'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'

const PLAIN: ChunkedForm = { signing: undefined, trailer: undefined }
const CRC: ChunkedForm = { signing: undefined, trailer: 'x-amz-checksum-crc32' }

function decode(form: ChunkedForm, body: string, step = 65_536) {
  const decoder = createChunkedDecoder(form)
  const octets = Buffer.from(body, 'latin1')
  const pieces: Buffer[] = []
  for (let i = 0; i < octets.length; i += step) {
    pieces.push(...decoder.push(octets.subarray(i, i + step)))
  }
  const trailer = decoder.finish()
  return { text: Buffer.concat(pieces).toString('latin1'), trailer }
}

t.test("AWS's examples are decoded and verify, however they are cut", async (t) => {
  for (const step of [1, 7, 1000, 65_536, 100_000]) {
    t.equal(decode({ signing: SIGNING, trailer: undefined }, SIGNED, step).text, A64K + A1K)
    const form = { signing: TRAILER_SIGNING, trailer: 'x-amz-checksum-crc32c' }
    t.equal(decode(form, SIGNED_TRAILER, step).trailer, 'sOO8/Q==')
  }
})

t.test('unsigned chunks are read with and without a trailer', async (t) => {
  t.strictSame(decode(PLAIN, '3\r\nabc\r\n0\r\n\r\n'), { text: 'abc', trailer: undefined })
  t.strictSame(decode(PLAIN, '0\r\n\r\n'), { text: '', trailer: undefined })
  t.strictSame(decode(CRC, '3\r\nabc\r\n0\r\nX-Amz-Checksum-CRC32: aaa=\r\n\r\n'), {
    text: 'abc',
    trailer: 'aaa=',
  })
  // minio-go ends the value with a line feed.
  t.equal(decode(CRC, '0\r\nx-amz-checksum-crc32:aaa=\n\r\n\r\n').trailer, 'aaa=')
})

t.test('data or signatures that were changed are SignatureDoesNotMatch', async (t) => {
  const form = { signing: SIGNING, trailer: undefined }
  const trailerForm = { signing: TRAILER_SIGNING, trailer: 'x-amz-checksum-crc32c' }
  const cases: readonly (readonly [ChunkedForm, string])[] = [
    [form, SIGNED.replace('aaa', 'aab')],
    [form, SIGNED.replace('ad80c7', 'ad80c8')],
    [form, SIGNED.replace('b6c6ea', 'b6c6eb')],
    [{ signing: TRAILER_SIGNING, trailer: undefined }, SIGNED],
    [trailerForm, SIGNED_TRAILER.replace('sOO8', 'sOO9')],
    [trailerForm, SIGNED_TRAILER.replace('d81f82', 'd81f83')],
  ]
  for (const [index, [f, body]] of cases.entries()) {
    t.throws(() => decode(f, body), { code: 'SignatureDoesNotMatch' }, `case ${index}`)
  }
})

t.test('the upper case of a signature is accepted', async (t) => {
  const form = { signing: SIGNING, trailer: undefined }
  t.equal(decode(form, SIGNED.replace('ad80c730', 'AD80C730')).text.length, 66_560)
})

t.test('only the last chunk may be short', async (t) => {
  const chunk = (size: number) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`
  t.equal(decode(PLAIN, `${chunk(8192)}${chunk(1)}0\r\n\r\n`).text.length, 8193)
  t.throws(() => decode(PLAIN, `${chunk(8191)}${chunk(1)}0\r\n\r\n`), {
    code: 'InvalidChunkSizeError',
    extras: [
      ['Chunk', '2'],
      ['BadChunkSize', '8191'],
    ],
  })
})

t.test('what is cut off or malformed is refused', async (t) => {
  const incomplete = [
    '',
    '3\r\nabc',
    '3\r\nabc\r\n',
    '3\r\nabc\r\n0\r\n',
    '3\r\nabcd\r\n0\r\n\r\n',
    'zz\r\nabc\r\n0\r\n\r\n',
    '-3\r\nabc\r\n0\r\n\r\n',
    '3;ext=1\r\nabc\r\n0\r\n\r\n',
    `3;chunk-signature=${'0'.repeat(64)}\r\nabc\r\n0\r\n\r\n`,
    '0\r\n\r\nmore',
    '1'.repeat(2000),
  ]
  for (const body of incomplete) {
    t.throws(
      () => decode(PLAIN, body),
      { code: 'IncompleteBody' },
      JSON.stringify(body.slice(0, 40)),
    )
  }
  t.throws(() => decode({ signing: SIGNING, trailer: undefined }, '3\r\nabc\r\n0\r\n\r\n'), {
    code: 'IncompleteBody',
  })
})

t.test('trailers other than the announced one are MalformedTrailerError', async (t) => {
  const cases: readonly (readonly [ChunkedForm, string])[] = [
    [PLAIN, 'x-amz-checksum-crc32:aaa=\r\n\r\n'],
    [CRC, '\r\n'],
    [CRC, 'x-amz-checksum-crc32c:aaa=\r\n\r\n'],
    [CRC, 'x-amz-checksum-crc32:aaa=\r\nx-amz-server-side-encryption:AES256\r\n\r\n'],
    [CRC, 'x-amz-checksum-crc32:a\r\nx-amz-checksum-crc32:b\r\n\r\n'],
    [CRC, 'no colon\r\n\r\n'],
    [CRC, ':empty\r\n\r\n'],
    [CRC, `x-amz-checksum-crc32:${'a'.repeat(2000)}\r\n\r\n`],
    [CRC, `x-amz-checksum-crc32:a\r\nx-amz-trailer-signature:${'0'.repeat(64)}\r\n\r\n`],
    [CRC, `${'a:b\r\n'.repeat(11)}\r\n`],
  ]
  for (const [form, trailers] of cases) {
    t.throws(
      () => decode(form, `0\r\n${trailers}`),
      { code: 'MalformedTrailerError' },
      JSON.stringify(trailers.slice(0, 60)),
    )
  }
  const unsigned = SIGNED_TRAILER.replace(/x-amz-trailer-signature.*\r\n\r\n$/, '\r\n')
  t.throws(
    () => decode({ signing: TRAILER_SIGNING, trailer: 'x-amz-checksum-crc32c' }, unsigned),
    { code: 'MalformedTrailerError' },
    'a trailer without its signature',
  )
})
