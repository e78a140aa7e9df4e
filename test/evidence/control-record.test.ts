import t from 'tap'
import { formatControlRecord } from '../../src/evidence/control-record.ts'

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
