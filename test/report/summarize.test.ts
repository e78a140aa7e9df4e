import fc from 'fast-check'
import t from 'tap'
import { Summarizer } from '../../src/report/summarize.ts'
import { AUDITED_WRITES } from '../../src/telemetry/audit-record.ts'

const NOW = Date.UTC(2026, 10, 29)

function line(fields: Readonly<Record<string, unknown>>) {
  return { time: '2026-11-28T15:00:00.000Z', requestId: 'R', operation: 'PutObject', ...fields }
}

t.test('whatever the lines are, the counts add up, by each grouping', async () => {
  const name = fc.constantFrom('a', 'b', 'c', null)
  const anyLine = fc.record({
    operation: fc.constantFrom('PutObject', 'CopyObject', 'UploadPart', 'GetObject', null),
    write: fc.option(fc.constantFrom(...AUDITED_WRITES), { nil: undefined }),
    decision: fc.constantFrom('allow', 'deny', 'observe', 'none'),
    status: fc.constantFrom(0, 200, 204, 403, 501),
    reason: fc.constantFrom(null, 'client-gone', 'encryption-missing', 'free text'),
    bucket: name,
    client: name,
    rule: name,
    objectSize: fc.option(fc.nat(), { nil: undefined }),
    confirmedEncryption: fc.constantFrom(null, { algorithm: 'aws:kms', keyId: 'k' }, 7),
    time: fc.constantFrom('2026-11-28T15:00:00.000Z', '2026-11-27T15:00:00.000Z'),
  })
  fc.assert(
    fc.property(fc.array(anyLine), (lines) => {
      const summarizer = new Summarizer(undefined, undefined)
      for (const fields of lines) summarizer.take(line(fields))
      const { total, by } = summarizer.end(NOW)
      const classes = AUDITED_WRITES.reduce((sum, word) => sum + total[word], 0)
      const { refused, failed } = total
      if (total.uploads !== classes || total.objects !== classes - refused - failed) return false
      return Object.values(by).every((groups) =>
        (['uploads', 'objects', 'bytes', 'sizeUnknown', ...AUDITED_WRITES] as const).every(
          (field) => groups.reduce((sum, group) => sum + group[field], 0) === total[field],
        ),
      )
    }),
  )
})

t.test('a line without write is judged by its other fields, and not sealed in doubt', async (t) => {
  const KMS = { algorithm: 'aws:kms', keyId: 'k' }
  const kms = { appliedEncryption: KMS, confirmedEncryption: KMS }
  const OTHER = { algorithm: 'aws:kms', keyId: 'other' }
  for (const [fields, word] of [
    [{ decision: 'allow', status: 200, ...kms }, 'sealed'],
    [{ decision: 'allow', status: 200, confirmedEncryption: KMS }, 'sealed'],
    [{ decision: 'allow', status: 200, ...kms, confirmedEncryption: OTHER }, 'mismatched'],
    [{ decision: 'allow', status: 200, appliedEncryption: KMS }, 'unconfirmed'],
    [{ decision: 'allow', status: 200, reason: 'an old tool' }, 'exempt'],
    [{ decision: 'observe', status: 200, confirmedEncryption: KMS }, 'observed'],
    [{ decision: 'allow', status: 200, ...kms, reason: 'encryption-missing' }, 'unconfirmed'],
    [{ decision: 'allow', status: 501, reason: 'encryption-not-confirmed' }, 'unconfirmed'],
    [{ decision: 'allow', status: 200, reason: 'upstream-error-in-200' }, 'failed'],
    [{ decision: 'deny', status: 403, reason: 'no-matching-rule' }, 'refused'],
    [{ decision: 'allow', status: 404, errorCode: 'NoSuchBucket' }, 'failed'],
    [{ decision: 'allow', status: 0, reason: 'client-gone' }, 'failed'],
  ] as const) {
    const summarizer = new Summarizer(undefined, undefined)
    summarizer.take(line(fields))
    const { total } = summarizer.end(NOW)
    t.equal(total[word], 1, JSON.stringify(fields))
  }
})

t.test('a period holds its first moment and not its last', async (t) => {
  const times = ['2026-11-27T23:59:59.999Z', '2026-11-28T00:00:00.000Z', '2026-11-29T00:00:00.000Z']
  const summarizer = new Summarizer(times[1], times[2])
  for (const time of times) summarizer.take(line({ time, write: 'sealed' }))
  t.match(summarizer.end(NOW), { lines: 1, total: { uploads: 1, first: times[1], last: times[1] } })
})

t.test('lists and groups have limits, and say how many more there are', async (t) => {
  const summarizer = new Summarizer(undefined, undefined)
  for (let i = 0; i < 1500; i++) {
    const write = i % 3 === 0 ? 'exempt' : 'unconfirmed'
    const names = { bucket: `b${i}`, client: `c${i}`, reason: `r${i}`, rule: `r${i % 2}` }
    summarizer.take(
      line({ write, ...names, read: `w${i}`, status: 500, confirmedEncryption: null }),
    )
  }
  summarizer.take(undefined)
  summarizer.take({})
  const summary = summarizer.end(NOW)
  t.equal(summary.total.uploads, 1500)
  t.equal(summary.unreadable, 2)
  t.equal(summary.unconfirmed.items.length, 1000)
  t.equal(summary.exemptions.items.length, 500)
  t.equal(summary.by.bucket.length, 1001)
  t.match(summary.by.bucket[0], { name: '(all others)', uploads: 500 })
  t.equal(summary.reads.length, 1001)
})

t.test('times without evidence: down, cut, silent, lost; of reports nothing', async (t) => {
  const at = (clock: string): string => `2026-11-28T${clock}.000Z`
  const summarizer = new Summarizer(at('10:00:00'), at('14:00:00'))
  for (const [stream, record, time, more] of [
    ['a', 'open', at('09:00:00'), {}],
    ['a', 'alive', at('09:59:50'), {}],
    ['a', 'alive', at('10:00:50'), {}],
    ['a', 'lost', at('10:01:40'), { from: at('10:01:00'), until: at('10:01:30') }],
    ['a', 'alive', at('10:11:40'), {}],
    ['b', 'open', at('12:00:00'), {}],
    ['r', 'open', at('13:00:00'), {}],
    ['r', 'report', at('13:00:00'), {}],
    ['r', 'close', at('13:00:00'), {}],
    ['b', 'close', at('12:30:00'), {}],
  ] as const) {
    summarizer.take({ time, record, ...more, stream })
  }
  const { isKnown, absences } = summarizer.end(NOW).evidence
  t.ok(isKnown)
  t.strictSame(
    absences.items.map(({ why, fromMs, untilMs }) => [
      why,
      ...[fromMs, untilMs].map((ms) => new Date(ms).toISOString().slice(11, 19)),
    ]),
    [
      ['lost', '10:01:00', '10:01:30'],
      ['silent', '10:01:40', '10:11:40'],
      ['cut', '10:11:40', '10:12:40'],
      ['down', '10:11:40', '12:00:00'],
      ['silent', '12:00:00', '12:30:00'],
      ['down', '12:30:00', '14:00:00'],
    ],
  )
})
