/** Signals within this time count as one: a supervisor may signal a group and then a process. */
const DEBOUNCE_MS = 100

/**
 * Resolves at the first SIGTERM or SIGINT. A second one calls `onSecond`, which must end the
 * process: process 1 of a container cannot be ended otherwise, except by SIGKILL. Without
 * `onSecond` the second signal has the system's default effect.
 */
export function stopSignal(onSecond?: () => void): Promise<void> {
  return new Promise((resolve) => {
    let stoppedAt: number | undefined
    const stop = (): void => {
      const now = performance.now()
      if (stoppedAt === undefined) {
        stoppedAt = now
        if (onSecond === undefined) forget()
        resolve()
      } else if (now - stoppedAt > DEBOUNCE_MS) {
        onSecond?.()
      }
    }
    const forget = (): void => {
      process.off('SIGTERM', stop)
      process.off('SIGINT', stop)
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
