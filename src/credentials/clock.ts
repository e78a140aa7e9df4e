/** Time, so that a test can let it pass. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Calls once after the time; gives what calls it off. */
  after(ms: number, call: () => void): () => void
}

/** The machine's clock. Its timers keep the process alive: a source has to be closed. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    return () => clearTimeout(timer)
  },
}
