import t from 'tap'
import { EMPTY_SHA256, parsePayloadMode } from '../../src/s3/payload-mode.ts'

function reasonOf(value: string): string {
  const result = parsePayloadMode(value)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

t.test('each value that S3 allows', async (t) => {
  const rows = [
    ['UNSIGNED-PAYLOAD', { kind: 'unsigned' }],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', { kind: 'streaming-signed' }],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', { kind: 'streaming-signed-trailer' }],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', { kind: 'streaming-unsigned-trailer' }],
    [EMPTY_SHA256, { kind: 'sha256', hash: EMPTY_SHA256 }],
    [EMPTY_SHA256.toUpperCase(), { kind: 'sha256', hash: EMPTY_SHA256 }],
  ] as const
  for (const [value, expected] of rows) {
    t.strictSame(parsePayloadMode(value), { ok: true, value: expected }, value)
  }
})

t.test('SigV4A chunks are refused by name', async (t) => {
  for (const value of [
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER',
  ]) {
    t.equal(reasonOf(value), 'InvalidRequest payload-mode-ecdsa')
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
  t.match(parsePayloadMode('x'), {
    error: {
      extras: [
        ['ArgumentName', 'x-amz-content-sha256'],
        ['ArgumentValue', 'x'],
      ],
    },
  })
})
