const PAUSE_FIRST_MS = 100
const PAUSE_MAX_MS = 10_000

/**
 * Milliseconds before a worker takes the place of one that died, after that many in a row that died
 * young: none for the first, so that service is whole again soon; then 100 ms, doubling to 10 s.
 */
export function restartPauseMs(failures: number): number {
  if (failures <= 1) return 0
  return Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (failures - 2))
}
