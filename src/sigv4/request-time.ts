import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { formatAmzDate, formatIsoSeconds, parseAmzDate, parseHttpDate } from './amz-date.ts'
import type { HeaderAuthentication, PresignedAuthentication } from './authentication.ts'

/** The maximum difference between a request's time and our clock, in either direction. */
export const SKEW_MS_MAX = 15 * 60 * 1000

/** The time at which a request was signed. */
interface RequestTime {
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string
  /** In ms since the epoch. */
  readonly timeMs: number
}

/**
 * Reads the time of a request: `X-Amz-Date` of the query, the header `x-amz-date`, or `date`, as
 * `YYYYMMDDTHHMMSSZ` or as an HTTP date. Returns 403 AccessDenied if it is missing or invalid.
 */
export function readRequestTime(
  authentication: HeaderAuthentication | PresignedAuthentication,
  headers: HeaderList,
): Result<RequestTime, S3Error> {
  if (authentication.kind === 'presigned') {
    return ok({ timestamp: authentication.timestamp, timeMs: authentication.timeMs })
  }
  const name = headerCount(headers, 'x-amz-date') > 0 ? 'x-amz-date' : 'date'
  const text = headerCount(headers, name) === 1 ? headerValue(headers, name) : undefined
  if (text === undefined) return failure(refusal('date-missing'))
  const amzMs = parseAmzDate(text)
  if (amzMs !== undefined) return ok({ timestamp: text, timeMs: amzMs })
  const httpMs = parseHttpDate(text)
  if (httpMs === undefined) return failure(refusal('date-missing'))
  return ok({ timestamp: formatAmzDate(httpMs), timeMs: httpMs })
}

/**
 * Checks a request's time against the clock. Header: 403 RequestTimeTooSkewed if the difference
 * exceeds 15 minutes. Presigned: 403 AccessDenied after expiration, or more than 15 minutes early.
 */
export function checkRequestTime(
  authentication: HeaderAuthentication | PresignedAuthentication,
  time: RequestTime,
  nowMs: number,
): Result<undefined, S3Error> {
  switch (authentication.kind) {
    case 'header':
      if (Math.abs(nowMs - time.timeMs) <= SKEW_MS_MAX) return ok(undefined)
      return failure(
        refusal('clock-skew', {
          requestTime: time.timestamp,
          serverTime: formatIsoSeconds(nowMs),
          skewMsMax: SKEW_MS_MAX,
        }),
      )
    case 'presigned': {
      const { expiresSeconds } = authentication
      const expiresMs = time.timeMs + expiresSeconds * 1000
      if (nowMs > expiresMs) {
        const [expires, serverTime] = [formatIsoSeconds(expiresMs), formatIsoSeconds(nowMs)]
        return failure(refusal('presigned-expired', { expiresSeconds, expires, serverTime }))
      }
      return time.timeMs - nowMs > SKEW_MS_MAX
        ? failure(refusal('presigned-not-yet-valid'))
        : ok(undefined)
    }
  }
}
