import t from 'tap'
import { restartPauseMs } from '../../src/cli/restart-pause.ts'

const CASES = [
  [0, 0],
  [1, 0],
  [2, 100],
  [3, 200],
  [4, 400],
  [8, 6400],
  [9, 10_000],
  [1000, 10_000],
] as const

for (const [failures, pauseMs] of CASES) {
  t.test(`${failures} that died young: ${pauseMs} ms`, async (t) => {
    t.equal(restartPauseMs(failures), pauseMs)
  })
}
