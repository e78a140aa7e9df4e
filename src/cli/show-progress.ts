import { bytesOfLines } from '../trail/verify-trail.ts'
import type { Terminal } from './command.ts'

/** Time between two changes of the line. */
const REDRAW_MS = 200
/** Time between two lines, where nobody looks at a terminal. */
const LINE_MS = 60_000
/** From when on a rate says something. */
const RATE_MS = 1000

/**
 * Shows how far a command is that reads all lines of these trails so many times: one line that changes on a
 * terminal, otherwise a line a minute, so that the log of a job shows that it works. Gives the function to call
 * with the bytes so far.
 */
export function showReading(
  { progress, stderr }: Pick<Terminal, 'progress' | 'stderr'>,
  paths: readonly string[],
  times: number,
  nowMs: () => number = () => performance.now(),
): (bytes: number) => void {
  const allBytes = times * paths.reduce((sum, path) => sum + bytesOfLines(path), 0)
  if (progress !== undefined) return showProgress(allBytes, nowMs, progress)
  const show = showProgress(allBytes, nowMs, (text) => stderr(`${text}\n`))
  let shownMs = nowMs()
  return (bytes) => {
    if (nowMs() - shownMs < LINE_MS) return
    shownMs = nowMs()
    show(bytes)
  }
}

/**
 * Shows how far a command is in one line: bytes of all bytes, the rate, the time that remains. Gives the
 * function to call with the bytes so far. `nowMs` never goes back.
 */
export function showProgress(
  allBytes: number,
  nowMs: () => number,
  show: (text: string) => void,
): (bytes: number) => void {
  const beganMs = nowMs()
  let shownMs = Number.NEGATIVE_INFINITY
  return (bytes) => {
    const now = nowMs()
    if (now - shownMs < REDRAW_MS) return
    shownMs = now
    const all = Math.max(allBytes, bytes)
    const share = all === 0 ? 100 : Math.floor((bytes / all) * 100)
    const parts = [`${share} %`, `${megabytes(bytes)} of ${megabytes(all)} MB`]
    const elapsedMs = now - beganMs
    if (elapsedMs >= RATE_MS && bytes > 0) {
      const bytesPerMs = bytes / elapsedMs
      parts.push(`${megabytes(bytesPerMs * 1000)} MB/s`)
      parts.push(`${duration((all - bytes) / bytesPerMs / 1000)} left`)
    }
    show(parts.join(', '))
  }
}

function megabytes(bytes: number): string {
  return String(Math.floor(bytes / 1e6))
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.ceil(whole / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
