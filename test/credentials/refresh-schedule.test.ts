import t from 'tap'
import { backOffMs, refreshDelayMs } from '../../src/credentials/refresh-schedule.ts'

const MINUTE = 60_000

t.test('credentials are renewed five minutes ahead, or a fifth of their time', async (t) => {
  for (const [left, random, delay] of [
    [60 * MINUTE, 0, 55 * MINUTE],
    [60 * MINUTE, 1, 54 * MINUTE],
    [6 * 60 * MINUTE, 0, 60 * MINUTE],
    [15 * MINUTE, 0, 12 * MINUTE],
    [MINUTE, 0, 48_000],
    [MINUTE, 1, 45_600],
    [5 * MINUTE, 0, 4 * MINUTE],
    [1000, 0, 1000],
    [-5000, 0, 1000],
  ] as const) {
    t.equal(
      Math.round(refreshDelayMs(1_000_000, 1_000_000 + left, random)),
      delay,
      `${left} ${random}`,
    )
  }
})

t.test('credentials without an end are looked at every minute', async (t) => {
  t.equal(refreshDelayMs(0, undefined, 0), MINUTE)
  t.equal(refreshDelayMs(0, undefined, 1), 1.2 * MINUTE)
})

t.test('pauses after failures grow to half a minute', async (t) => {
  for (const [failures, least, most] of [
    [1, 500, 1000],
    [2, 1000, 2000],
    [5, 8000, 16_000],
    [6, 15_000, 30_000],
    [60, 15_000, 30_000],
    [5000, 15_000, 30_000],
  ] as const) {
    t.equal(backOffMs(failures, 0), least)
    t.equal(backOffMs(failures, 1), most)
  }
})
