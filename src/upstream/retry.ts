/** Limit of attempts in total. */
const ATTEMPTS_MAX = 4

/** No attempt starts later than this after the first. */
const BEGIN_WITHIN_MS = 1_800

/** Limit of the pause before the second attempt; three times as long before the next. */
const FIRST_PAUSE_MS = 50

/**
 * Returns how long to wait before the next attempt: random up to a growing limit ("full jitter");
 * undefined if there are no more attempts. S3's clients retry too, so a few quick attempts for
 * short failures are enough.
 *
 * `attempt`: the number of attempts so far. `random`: from 0 to 1.
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
