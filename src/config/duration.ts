/** The form of a duration: a whole number and a unit, `500ms`, `60s`, `5m`, `12h`. */
export const DURATION = /^\d{1,9}(?:ms|s|m|h)$/

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Parses a duration such as `60s`; returns milliseconds, undefined if it is invalid. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined
  const unit = text.replace(/^\d+/, '')
  return Number.parseInt(text, 10) * (UNIT_MS[unit] ?? 0)
}
