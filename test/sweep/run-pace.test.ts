import t from 'tap'
import { RunPace } from '../../src/sweep/run-pace.ts'

t.test('updates take time by their number, copies by their bytes', (t) => {
  let now = 0
  const pace = new RunPace({ updates: 100, copies: 3, copyBytes: 1000 }, () => now)
  t.equal(pace.remainingSeconds, undefined)
  now = 10_000
  for (let i = 0; i < 20; i++) pace.note('update', 1_000_000)
  t.equal(pace.remainingSeconds, undefined, 'nobody knows how fast copies are')
  pace.note('copy', 100)
  t.equal(pace.remainingSeconds, 90, 'the copies last longer than the 40 s of the updates')
  pace.note('multipart-copy', 900)
  t.equal(pace.remainingSeconds, 40)
  t.equal(pace.copiedBytes, 1000)
  for (let i = 0; i < 80; i++) pace.note('update', 1)
  t.equal(pace.remainingSeconds, 0)
  t.end()
})

t.test('empty objects count by their number', (t) => {
  let now = 0
  const pace = new RunPace({ updates: 0, copies: 4, copyBytes: 0 }, () => now)
  now = 1000
  pace.note('copy', 0)
  t.equal(pace.remainingSeconds, 3)
  t.end()
})
