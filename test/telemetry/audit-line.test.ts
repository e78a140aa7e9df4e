import fc from 'fast-check'
import t from 'tap'
import { formatAuditLine } from '../../src/telemetry/audit-line.ts'
import { REFUSED, UPLOAD } from '../support/audit-records.ts'

const INSTANCE = 'gw-0:17'

const FIELDS = [
  'time',
  'type',
  'schema',
  'instance',
  'configHash',
  'requestId',
  'client',
  'sourceIp',
  'operation',
  'bucket',
  'key',
  'versionId',
  'rule',
  'decision',
  'requestedEncryption',
  'appliedEncryption',
  'confirmedEncryption',
  'status',
  'upstreamRequestId',
  'requestBytes',
  'responseBytes',
  'durationMs',
  'reason',
] as const

t.test('a line holds every field, always in this order', async (t) => {
  for (const record of [UPLOAD, REFUSED]) {
    const line = formatAuditLine(record, INSTANCE)
    t.ok(line.endsWith('}\n'))
    t.strictSame(Object.keys(JSON.parse(line)), FIELDS)
  }
})

t.test('an IPv4 client is told the same on a socket for both families', async (t) => {
  const sourceIp = (text: string) =>
    JSON.parse(formatAuditLine({ ...UPLOAD, sourceIp: text }, INSTANCE)).sourceIp
  t.equal(sourceIp('::ffff:10.0.0.1'), '10.0.0.1')
  t.equal(sourceIp('::ffff:a00:1'), '::ffff:a00:1')
  t.equal(sourceIp('2001:db8::1'), '2001:db8::1')
})

t.test('the line of an upload holds every field in its place', async (t) => {
  const key = UPLOAD.appliedEncryption?.keyId
  t.equal(
    formatAuditLine(UPLOAD, INSTANCE),
    '{"time":"2026-01-02T03:04:05.678Z","type":"sealgate.audit","schema":1,"instance":"gw-0:17",' +
      `"configHash":"${UPLOAD.configHash}",` +
      '"requestId":"0123456789ABCDEF","client":"billing","sourceIp":"10.0.0.1",' +
      '"operation":"PutObject","bucket":"billing-eu","key":"2026/01/02/invoices.parquet","versionId":null,"rule":"finance",' +
      '"decision":"allow","requestedEncryption":{"algorithm":"AES256","keyId":null,"bucketKey":null},' +
      `"appliedEncryption":{"algorithm":"aws:kms","keyId":"${key}","bucketKey":true},` +
      `"confirmedEncryption":{"algorithm":"aws:kms","keyId":"${key}","bucketKey":true},` +
      '"status":200,"upstreamRequestId":"4442587FB7D0A2F9","requestBytes":4096,"responseBytes":0,"durationMs":12.346,"reason":null}\n',
  )
})

const OPTIONAL = {
  etag: 'd41d8cd98f00b204e9800998ecf8427e-2',
  objectSize: 5_368_709_120,
  uploadId: 'VXBsb2Fk"',
  partNumber: '7',
  copySource: { bucket: 'other', key: 'a "k"', versionId: undefined },
  write: 'sealed',
  read: 'policy',
  guards: ['publicAcl', 'maxBytes'],
  errorCode: 'AccessDenied',
  accessKeyId: 'AKID\n',
  userAgent: 'Boto3/1.43 \u2028',
} as const

t.test(
  'what ties a line to an object, and who was refused, stand there if they are known',
  async (t) => {
    const parsed = JSON.parse(formatAuditLine({ ...UPLOAD, ...OPTIONAL, traceId: 'i' }, INSTANCE))
    t.strictSame(Object.keys(parsed), [...FIELDS, ...Object.keys(OPTIONAL), 'traceId'])
    t.match(parsed, { ...OPTIONAL, copySource: { bucket: 'other', key: 'a "k"', versionId: null } })
  },
)

t.test('a trace id comes last, where there is one', async (t) => {
  const line = formatAuditLine({ ...UPLOAD, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' }, INSTANCE)
  t.strictSame(Object.keys(JSON.parse(line)), [...FIELDS, 'traceId'])
})

t.test('parameters that were left out are a list, where there are any', async (t) => {
  const ignoredParameters = ['x-user', '"\n', 'ä']
  const parsed = JSON.parse(
    formatAuditLine({ ...UPLOAD, ignoredParameters, host: 'h', traceId: 'i' }, INSTANCE),
  )
  t.strictSame(Object.keys(parsed), [...FIELDS, 'ignoredParameters', 'host', 'traceId'])
  t.strictSame(parsed.ignoredParameters, ignoredParameters)
})

t.test('whatever a client sends, the line is one line and says what was sent', async (t) => {
  const nasty = [
    '"',
    '\\',
    '\n',
    '\r\n',
    '\0',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u2029',
    'ä€😀',
    '\u001b[2J',
  ]
  for (const [i, key] of [...nasty, '","status":200,"x":"', '</script>'].entries()) {
    const line = formatAuditLine(
      { ...UPLOAD, key, client: key, reason: key, versionId: key },
      INSTANCE,
    )
    t.ok(JSON.parse(line).key === key, `key ${i}`)
    t.ok(JSON.parse(line).client === key, `client ${i}`)
    t.notOk(/[\p{Cc}\u2028\u2029]/u.test(line.slice(0, -1)), `one line ${i}`)
  }
})

t.test('any text comes back as it was, lone surrogates too', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (key, bucket) => {
      const line = formatAuditLine({ ...UPLOAD, key, bucket }, INSTANCE)
      const parsed = JSON.parse(line)
      return (
        parsed.key === key && parsed.bucket === bucket && line.indexOf('\n') === line.length - 1
      )
    }),
    { numRuns: 150, seed: 1 },
  )
  t.ok(JSON.parse(formatAuditLine({ ...UPLOAD, key: 'a\ud800b' }, INSTANCE)).key === 'a\ud800b')
})
