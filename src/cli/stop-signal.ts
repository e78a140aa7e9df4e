/** Signals within this time count as one: a supervisor may signal a group and then a process. */
const DEBOUNCE_MS = 100

/** A signal for work that SIGTERM or SIGINT stops. */
export interface Stop {
  readonly signal: AbortSignal
  /** The work has ended: the signals have the system's effect again. */
  release(): void
}

/**
 * Resolves at the first SIGTERM or SIGINT. A second one calls `onSecond`, which must end the
 * process: process 1 of a container cannot be ended otherwise, except by SIGKILL. Without
 * `onSecond` the second signal has the system's default effect.
 */
export function stopSignal(onSecond?: () => void): Promise<void> {
  return new Promise((resolve) => {
    const { signal, release } = abortOnSignal(() => onSecond?.())
    signal.addEventListener('abort', () => {
      if (onSecond === undefined) release()
      resolve()
    })
  })
}

/** Aborts at the first SIGTERM or SIGINT; a second one calls `onSecond`. */
export function abortOnSignal(onSecond: () => void): Stop {
  const controller = new AbortController()
  let stoppedAt = 0
  const stop = (): void => {
    const now = performance.now()
    if (!controller.signal.aborted) {
      stoppedAt = now
      controller.abort()
    } else if (now - stoppedAt > DEBOUNCE_MS) {
      onSecond()
    }
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  const release = (): void => {
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
  }
  return { signal: controller.signal, release }
}
