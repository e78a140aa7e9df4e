import t from 'tap'
import { formatControlRecord, readControlFacts } from '../../src/evidence/control-record.ts'

t.test('a control record says what it is behind its time', async (t) => {
  t.equal(
    formatControlRecord('2026-11-28T15:00:02.000Z', {
      record: 'close',
      lines: 3,
      lost: 0,
      reason: 'stop',
    }),
    '{"time":"2026-11-28T15:00:02.000Z","record":"close","lines":3,"lost":0,"reason":"stop"}',
  )
})

t.test('a verifier reads what it needs, and takes nothing else for a record', async (t) => {
  const time = '2026-11-28T15:00:02.000Z'
  const read = (text: string) => readControlFacts(Buffer.from(text))
  t.strictSame(read(`{"time":"${time}","record":"close","lines":3,"lost":1,"reason":"stop"}`), {
    time,
    record: 'close',
    lines: 3,
    lost: 1,
  })
  t.strictSame(
    read(`{"time":"${time}","record":"lost","first":7,"count":"x","cause":"overflow"}`),
    {
      time,
      record: 'lost',
      first: 7,
      count: 0,
      from: '',
      until: '',
      cause: 'overflow',
    },
  )
  t.strictSame(read(`{"time":"${time}","record":"open","origin":"a/b"}`), {
    time,
    record: 'open',
    origin: 'a/b',
    seat: ' 0',
  })
  t.strictSame(read(`{"time":"${time}","record":"alive"`), { time, record: 'other' }, 'no JSON')
  t.equal(read(`{"time":"${time}","requestId":"record"}`), undefined)
  t.equal(read(`{"time":"${time}","requestId":"a","record":"open"}`), undefined)
  t.equal(read('{}'), undefined)
})
