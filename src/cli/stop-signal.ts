/** Between the first and what counts as a second: a supervisor may signal a group and then a process. */
const DEBOUNCE_MS = 100

/**
 * Resolves at the first SIGTERM or SIGINT. A second one calls `onSecond`, which has to end the process:
 * process 1 of a container has no other way to be ended, short of SIGKILL. Left out: the second has
 * the effect that the system gives it.
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
