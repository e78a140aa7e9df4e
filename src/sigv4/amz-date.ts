const DAY_MS = 86_400_000

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/**
 * Parses an AWS timestamp (`YYYYMMDDTHHMMSSZ`); returns ms since the epoch. Undefined if the text
 * has another form or is not a real instant (31 February, hour 24, second 60).
 *
 * Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
export function parseAmzDate(text: string): number | undefined {
  if (text.length !== 16 || text.charCodeAt(8) !== 0x54 || text.charCodeAt(15) !== 0x5a) {
    return undefined
  }
  const dayMs = parseScopeDate(text.slice(0, 8))
  const hour = digits(text, 9, 2)
  const minute = digits(text, 11, 2)
  const second = digits(text, 13, 2)
  if (dayMs === undefined || hour < 0 || minute < 0 || second < 0) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return dayMs + hour * 3_600_000 + minute * 60_000 + second * 1000
}

/**
 * Returns midnight (UTC) of a scope's date (`YYYYMMDD`) in ms since the epoch; undefined if it is
 * not a date.
 */
export function parseScopeDate(text: string): number | undefined {
  if (text.length !== 8) return undefined
  if (text !== lastDay.text) lastDay = { text, ms: parseDay(text) }
  return lastDay.ms
}

/** The day that was asked for last: a request names its day twice, and the next request the same. */
let lastDay: { readonly text: string; readonly ms: number | undefined } = {
  text: '',
  ms: undefined,
}

function parseDay(text: string): number | undefined {
  const year = digits(text, 0, 4)
  const month = digits(text, 4, 2)
  const day = digits(text, 6, 2)
  if (year < 1970 || month < 0 || day < 0) return undefined
  return dayStart(year, month - 1, day)
}

/**
 * Formats an instant in ms since the epoch as an AWS timestamp (`YYYYMMDDTHHMMSSZ`), truncated to
 * the second.
 */
export function formatAmzDate(timeMs: number): string {
  const second = Math.floor(timeMs / 1000)
  if (second !== lastSecond) {
    lastText = formatSecond(timeMs)
    lastSecond = second
  }
  return lastText
}

/**
 * The last formatted instant is cached: V8's toISOString takes 1.5 µs, and many requests share a
 * second.
 */
let lastSecond = Number.NaN
let lastText = ''

function formatSecond(timeMs: number): string {
  const iso = new Date(timeMs).toISOString()
  return (
    iso.slice(0, 4) +
    iso.slice(5, 7) +
    iso.slice(8, 13) +
    iso.slice(14, 16) +
    iso.slice(17, 19) +
    'Z'
  )
}

/** Formats an instant as `YYYY-MM-DDTHH:MM:SSZ`, as S3 does in error documents. */
export function formatIsoSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`
}

/**
 * Parses an HTTP date (`Fri, 24 May 2013 00:00:00 GMT`); returns ms since the epoch. Only the form
 * that senders must use (IMF-fixdate) is accepted; the two obsolete forms return undefined.
 *
 * Source: RFC 9110 section 5.6.7
 */
export function parseHttpDate(text: string): number | undefined {
  if (text.length !== 29 || text.slice(3, 5) !== ', ' || text.slice(25) !== ' GMT') return undefined
  if (text[7] !== ' ' || text[11] !== ' ' || text[16] !== ' ') return undefined
  if (text[19] !== ':' || text[22] !== ':') return undefined
  const monthAt = MONTHS.indexOf(text.slice(8, 11))
  const day = digits(text, 5, 2)
  const year = digits(text, 12, 4)
  const hour = digits(text, 17, 2)
  const minute = digits(text, 20, 2)
  const second = digits(text, 23, 2)
  if (monthAt < 0 || monthAt % 3 !== 0 || day < 0 || year < 1970) return undefined
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return undefined
  }
  const dayMs = dayStart(year, monthAt / 3, day)
  return dayMs === undefined
    ? undefined
    : dayMs + hour * 3_600_000 + minute * 60_000 + second * 1000
}

function dayStart(year: number, monthIndex: number, day: number): number | undefined {
  if (monthIndex < 0 || monthIndex > 11 || day < 1 || day > 31) return undefined
  const timeMs = Date.UTC(year, monthIndex, day)
  const date = new Date(timeMs)
  // Date.UTC turns 31 February into a day in March.
  return date.getUTCDate() === day && timeMs % DAY_MS === 0 ? timeMs : undefined
}

/** The number in `count` digits at `start`; negative if a character is not a digit. */
function digits(text: string, start: number, count: number): number {
  let value = 0
  for (let i = start; i < start + count; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}
