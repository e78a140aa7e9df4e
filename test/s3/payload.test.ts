import t from 'tap'
import { announcesChunks, contentSha256, EMPTY_SHA256, parsePayload } from '../../src/s3/payload.ts'

function reasonOf(value: string): string {
  const result = parsePayload(value)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

t.test('each value that S3 allows is read', async (t) => {
  const rows = [
    ['UNSIGNED-PAYLOAD', { kind: 'unsigned' }],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { kind: 'chunked', framing: 'signed' }],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { kind: 'chunked', framing: 'signed-trailer' }],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'chunked', framing: 'unsigned-trailer' }],
    [EMPTY_SHA256, { kind: 'sha256', hash: EMPTY_SHA256 }],
    [EMPTY_SHA256.toUpperCase(), { kind: 'sha256', hash: EMPTY_SHA256 }],
  ] as const
  for (const [value, expected] of rows) {
    t.strictSame(parsePayload(value), { ok: true, value: expected }, value)
    // Hex digits leave in lower case, the words as they came.
    t.equal(contentSha256(expected), expected.kind === 'sha256' ? EMPTY_SHA256 : value)
    t.equal(announcesChunks(value), expected.kind === 'chunked', value)
  }
})

t.test('SigV4A chunks are refused by name', async (t) => {
  for (const value of [
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
  ]) {
    t.equal(reasonOf(value), 'InvalidRequest payload-mode-ecdsa')
    t.ok(announcesChunks(value))
  }
})

t.test('everything else is refused with the header named', async (t) => {
  const values = [
    '',
    'unsigned-payload',
    'UNSIGNED-PAYLOAD ',
    'STREAMING-AWS4-HMAC-SHA256-EVENTS',
    'STREAMING-UNSIGNED-PAYLOAD',
    EMPTY_SHA256.slice(1),
    `${EMPTY_SHA256}0`,
    EMPTY_SHA256.replace('e', 'g'),
    EMPTY_SHA256.replace('e', '\x10'),
  ]
  for (const value of values) {
    t.equal(reasonOf(value), 'InvalidArgument payload-mode-invalid', value)
  }
  t.match(parsePayload('x'), {
    error: {
      extras: [
        ['ArgumentName', 'x-amz-content-sha256'],
        ['ArgumentValue', 'x'],
      ],
    },
  })
})
