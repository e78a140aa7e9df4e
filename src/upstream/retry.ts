/** Attempts in all. */
const ATTEMPTS_MAX = 4

/** No attempt begins later than this after the first. */
const BEGIN_WITHIN_MS = 1_800

/** The longest pause before the second attempt; three times that before the next. */
const FIRST_PAUSE_MS = 50

/**
 * How long to wait before the next attempt, at random up to a limit that grows ("full jitter");
 * undefined: no more attempts. S3's clients try again themselves, so a few quick attempts are for what
 * passes by quickly, and no more.
 *
 * `attempt`: how many there were. `random`: from 0 to 1.
 *
 * Source: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
 */
export function retryPauseMs(
  attempt: number,
  elapsedMs: number,
  random: number,
): number | undefined {
  if (attempt >= ATTEMPTS_MAX) return undefined
  const pauseMs = random * FIRST_PAUSE_MS * 3 ** (attempt - 1)
  return elapsedMs + pauseMs > BEGIN_WITHIN_MS ? undefined : pauseMs
}
