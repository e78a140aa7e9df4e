/** The time, replaceable in tests. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls `call` once after `ms`; returns a function that cancels it. */
  after(ms: number, call: () => void): () => void
}

/** The machine's clock. Its timers keep the process alive, so a source must be closed. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
