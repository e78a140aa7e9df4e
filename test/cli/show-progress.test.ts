import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { showProgress, showReading } from '../../src/cli/show-progress.ts'

t.test('bytes, the rate and what remains, a few times a second', async (t) => {
  const shown: string[] = []
  let nowMs = 5000
  const show = showProgress(
    600_000_000,
    () => nowMs,
    (text) => void shown.push(text),
  )
  show(0)
  nowMs += 100
  show(30_000_000)
  nowMs += 900
  show(150_000_000)
  nowMs += 1000
  show(300_000_000)
  nowMs += 1000
  show(700_000_000)
  t.strictSame(shown, [
    '0 %, 0 of 600 MB',
    '25 %, 150 of 600 MB, 150 MB/s, 3 s left',
    '50 %, 300 of 600 MB, 150 MB/s, 2 s left',
    '100 %, 700 of 700 MB, 233 MB/s, 0 s left',
  ])
})

t.test('long waits are in minutes and hours, and no bytes are all bytes', async (t) => {
  const shown: string[] = []
  let nowMs = 0
  const clock = () => nowMs
  const take = (text: string): void => void shown.push(text)
  showProgress(0, clock, take)(0)
  const [slow, slower] = [showProgress(1e9, clock, take), showProgress(1e12, clock, take)]
  nowMs += 10_000
  slow(1e8)
  slower(1e9)
  t.strictSame(shown, [
    '100 %, 0 of 0 MB',
    '10 %, 100 of 1000 MB, 10 MB/s, 2 min left',
    '0 %, 1000 of 1000000 MB, 100 MB/s, 2 h 47 min left',
  ])
})

t.test('without a terminal, a line a minute says how far a command is', async (t) => {
  const trail = t.testdir({ lines: { 'one.0000.jsonl': '' } })
  truncateSync(join(trail, 'lines', 'one.0000.jsonl'), 3_000_000_000)
  const lines: string[] = []
  let nowMs = 0
  const show = showReading({ stderr: (text) => void lines.push(text) }, [trail], 2, () => nowMs)
  for (; nowMs <= 150_000; nowMs += 500) show(nowMs * 20_000)
  t.strictSame(lines, [
    '20 %, 1200 of 6000 MB, 20 MB/s, 4 min left\n',
    '40 %, 2400 of 6000 MB, 20 MB/s, 3 min left\n',
  ])
})

t.test('on a terminal, one line changes', async (t) => {
  const trail = t.testdir({ lines: { 'one.0000.jsonl': 'x'.repeat(10) } })
  const shown: string[] = []
  const progress = (text: string): void => void shown.push(text)
  showReading({ progress, stderr: () => t.fail('no line') }, [trail], 1, () => 0)(10)
  t.strictSame(shown, ['100 %, 0 of 0 MB'])
})
