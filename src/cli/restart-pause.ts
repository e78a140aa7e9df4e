const PAUSE_FIRST_MS = 100
const PAUSE_MAX_MS = 10_000

/**
 * Returns the milliseconds before a dead worker is replaced, after `failures` workers in a row that
 * died soon after their start: 0 for the first, so that service recovers at once; then 100 ms,
 * doubling to 10 s.
 */
export function restartPauseMs(failures: number): number {
  if (failures <= 1) return 0
  return Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (failures - 2))
}
