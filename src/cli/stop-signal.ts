/** Between the first and what counts as a second: a supervisor may signal a group and then a process. */
const DEBOUNCE_MS = 100

/**
 * Resolves at the first SIGTERM or SIGINT. A second one ends the process at once, with status 1, after
 * `beforeExit`: as process 1 of a container, nothing but this would end it.
 */
export function stopSignal(beforeExit: () => void = () => undefined): Promise<void> {
  return new Promise((resolve) => {
    let stoppedAt: number | undefined
    const stop = (): void => {
      const now = performance.now()
      if (stoppedAt === undefined) {
        stoppedAt = now
        resolve()
      } else if (now - stoppedAt > DEBOUNCE_MS) {
        beforeExit()
        process.exit(1)
      }
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
