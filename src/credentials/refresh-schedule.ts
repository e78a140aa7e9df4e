/** Credentials are renewed at most this long before they expire. */
const LEAD_MS_MAX = 5 * 60_000
/** Short-lived ones are renewed when this part of their remaining time is left. */
const LEAD_PART = 0.2
/** Credentials that never expire may still change, in a file for example. */
const RECHECK_MS = 60_000
const PAUSE_MS_MIN = 1000
/** Timers of Node allow at most 24.8 days. An hourly check also recovers from a stopped clock. */
const PAUSE_MS_MAX = 3_600_000
const BACK_OFF_MS_MAX = 30_000

/**
 * Returns the milliseconds until credentials that were just fetched are fetched again: five minutes
 * before they expire, or a fifth of their time if that is less. Up to a fifth of that is subtracted
 * at random, so that replicas do not fetch all at once. `random` is from 0 to 1.
 */
export function refreshDelayMs(
  nowMs: number,
  expiresMs: number | undefined,
  random: number,
): number {
  if (expiresMs === undefined) return RECHECK_MS * (1 + LEAD_PART * random)
  const left = expiresMs - nowMs
  const lead = Math.min(LEAD_MS_MAX, left * LEAD_PART)
  return clamp(left - lead * (1 + LEAD_PART * random))
}

/**
 * Returns the milliseconds before the next attempt: 1 s, doubling to 30 s, with a random half
 * subtracted.
 */
export function backOffMs(failures: number, random: number): number {
  const full = Math.min(BACK_OFF_MS_MAX, PAUSE_MS_MIN * 2 ** (failures - 1))
  return full * (0.5 + 0.5 * random)
}

function clamp(ms: number): number {
  return Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, ms))
}
