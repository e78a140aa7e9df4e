import fc from 'fast-check'
import t from 'tap'
import { formatAuditLine } from '../../src/telemetry/audit-line.ts'
import { shortenLine } from '../../src/telemetry/shorten-line.ts'
import { UPLOAD } from '../support/audit-records.ts'

t.test('long texts and lists are cut, and the line says so', async (t) => {
  const key = 'k'.repeat(1023)
  const line = JSON.stringify({
    time: '2026-11-28T15:00:00.000Z',
    key: `${key}\u{1f600}${'x'.repeat(5000)}`,
    copySource: { key: 'y'.repeat(5000) },
    rules: Array.from({ length: 1000 }, (_, i) => `rule-${i}`),
    status: 403,
    reason: null,
  })
  const short = shortenLine(line, 8000) ?? ''
  t.strictSame(JSON.parse(short), {
    time: '2026-11-28T15:00:00.000Z',
    key,
    copySource: { key: 'y'.repeat(1024) },
    rules: Array.from({ length: 200 }, (_, i) => `rule-${i}`),
    status: 403,
    reason: null,
    truncated: true,
  })
  t.match(JSON.parse(shortenLine(line, 2000) ?? ''), { key: 'k'.repeat(200), status: 403 })
  t.equal(shortenLine(line, 100), undefined)
})

t.test('whatever a line holds, it stays JSON with its fields in order', async (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), (record) => {
      const line = JSON.stringify({ time: 'T', ...record })
      const short = shortenLine(line, 65_000)
      if (short === undefined) return
      const names = Object.keys(JSON.parse(short))
      t.strictSame(
        names.filter((name) => name !== 'truncated'),
        Object.keys(JSON.parse(line)).filter((name) => name !== 'truncated'),
      )
      t.equal(JSON.parse(short).truncated, true)
    }),
    { numRuns: 50 },
  )
})

t.test('the longest names that S3 accepts stay far below the limit of a line', async (t) => {
  // A control character takes one byte of a key, and six in JSON.
  const key = '\u0001'.repeat(1024)
  const line = formatAuditLine(
    {
      ...UPLOAD,
      key,
      copySource: { bucket: 'b'.repeat(63), key, versionId: 'v'.repeat(1024) },
      uploadId: 'u'.repeat(1024),
      versionId: 'v'.repeat(1024),
      userAgent: '\u0001'.repeat(256),
      accessKeyId: 'A'.repeat(128),
    },
    'gw-0.example:12345',
  )
  t.ok(Buffer.byteLength(line) < 20_000, `${Buffer.byteLength(line)} bytes`)
})
