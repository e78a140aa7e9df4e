import type { Clock } from '../../src/credentials/clock.ts'

/** A clock that a test moves on. */
export interface FakeClock extends Clock {
  /** Lets time pass, calls what is due in order, and lets what was awaited go on. */
  advance(ms: number): Promise<void>
  /** Lets the clock show another time; calls wait on, as they do for a machine that was suspended. */
  jump(ms: number): void
  /** Milliseconds until the next call; undefined: none is waiting. */
  nextIn(): number | undefined
}

/** Makes one that begins at 2026-01-01. */
export function makeFakeClock(): FakeClock {
  let now = Date.UTC(2026, 0, 1)
  let timers: readonly { at: number; readonly call: () => void }[] = []
  const due = (until: number) =>
    timers.filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at)[0]
  return {
    now: () => now,
    after: (ms, call) => {
      const timer = { at: now + ms, call }
      timers = [...timers, timer]
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    jump: (ms) => {
      now += ms
      for (const timer of timers) timer.at += ms
    },
    nextIn: () => {
      const first = due(Number.POSITIVE_INFINITY)
      return first === undefined ? undefined : first.at - now
    },
    advance: async (ms) => {
      const until = now + ms
      await settled()
      for (let timer = due(until); timer !== undefined; timer = due(until)) {
        now = timer.at
        const called = timer
        timers = timers.filter((other) => other !== called)
        called.call()
        await settled()
      }
      now = until
    },
  }
}

/** Lets promises that can go on do so. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(setImmediate)
}
