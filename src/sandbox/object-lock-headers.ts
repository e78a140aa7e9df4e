import { type HeaderList, headerValue } from '../base/header-list.ts'
import { invalidArgument, S3Fault } from './fault.ts'
import {
  type BucketLock,
  LOCK_MODES,
  type LockPeriod,
  type ObjectLock,
  type Retention,
  retainedUntil,
} from './object-lock.ts'

const PREFIX = 'x-amz-object-lock-'
const MODE = `${PREFIX}mode`
const UNTIL = `${PREFIX}retain-until-date`
const LEGAL_HOLD = `${PREFIX}legal-hold`
const EVENT_HOLD = `${PREFIX}event-hold`
const HOLD_DAYS = `${EVENT_HOLD}-duration-days`
const HOLD_YEARS = `${EVENT_HOLD}-duration-years`

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_EventHoldDuration.html */
const PERIOD_MAX = { Days: 36_500, Years: 100 } as const

/**
 * Returns the lock that a write's headers ask for. Checks the values before the bucket. Throws
 * `InvalidArgument`, and `InvalidRequest` for a bucket without Object Lock.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html; texts as recorded
 * from S3 (LocalStack, versity/versitygw#1733 to #1736), of event holds after
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
 */
export function requestedLock(
  headers: HeaderList,
  bucket: BucketLock | undefined,
  now: number,
): ObjectLock {
  const retention = requestedRetention(headers, now)
  const legalHold = parseOnOff(
    LEGAL_HOLD,
    headerValue(headers, LEGAL_HOLD),
    "Legal Hold must be either of 'ON' or 'OFF'",
  )
  if (bucket === undefined && (retention !== undefined || legalHold !== undefined)) {
    throw new S3Fault('InvalidRequest', 'Bucket is missing ObjectLockConfiguration')
  }
  return { retention, legalHold }
}

/** A lock as headers of an answer. */
export function lockHeaders(lock: ObjectLock, now: number): Record<string, string> {
  const { retention, legalHold } = lock
  return {
    ...(legalHold === undefined ? {} : { [LEGAL_HOLD]: legalHold }),
    ...(retention === undefined ? {} : retentionHeaders(retention, now)),
  }
}

/**
 * Demands a digest of a body that is written under a lock. `request`: `Put Object` or `Put Part`.
 * Throws `InvalidRequest`.
 */
export function checkLockDigest(
  lock: ObjectLock,
  headers: HeaderList,
  request: 'Put Object' | 'Put Part',
): void {
  if (lock.retention === undefined && lock.legalHold === undefined) return
  const hasDigest = headers.some(
    (name, i) =>
      i % 2 === 0 &&
      (name === 'content-md5' || name === 'x-amz-trailer' || name.startsWith('x-amz-checksum-')),
  )
  if (hasDigest) return
  throw new S3Fault(
    'InvalidRequest',
    `Content-MD5 OR x-amz-checksum- HTTP header is required for ${request} requests with Object Lock parameters`,
  )
}

/** A period of an event hold, from whichever of the two is given. Throws `InvalidArgument`. */
export function parseHoldPeriod(
  days: string | undefined,
  years: string | undefined,
  argument: string,
): LockPeriod | undefined {
  if (days === undefined && years === undefined) return undefined
  const unit = days === undefined ? 'Years' : 'Days'
  const text = days ?? years ?? ''
  const count = Number(text)
  const isOne = days === undefined || years === undefined
  if (isOne && /^\d{1,6}$/.test(text) && count > 0 && count <= PERIOD_MAX[unit]) {
    return { unit, count }
  }
  throw invalidArgument(
    'An event hold takes one duration, of 1 to 36500 days or 1 to 100 years.',
    argument,
    [days, years].filter((value) => value !== undefined).join(', '),
  )
}

/**
 * Combines the settings of a retention. An event hold that is on needs a mode and a period; one
 * that is off needs a date and accepts no period. Throws `InvalidArgument`.
 */
export function buildRetention(
  mode: Retention['mode'] | undefined,
  until: number | undefined,
  eventHold: 'ON' | 'OFF' | undefined,
  period: LockPeriod | undefined,
): Retention | undefined {
  if (
    mode === undefined &&
    until === undefined &&
    eventHold === undefined &&
    period === undefined
  ) {
    return undefined
  }
  const isOn = eventHold === 'ON'
  const isComplete = isOn ? period !== undefined : period === undefined && until !== undefined
  if (mode === undefined || !isComplete) {
    throw invalidArgument(
      'An event hold that is ON needs a retention mode and a duration; one that is OFF needs a retain until date and no duration.',
      EVENT_HOLD,
      eventHold ?? 'null',
    )
  }
  return { mode, until: until ?? 0, eventHold, period }
}

/**
 * Returns milliseconds since 1970. Throws `InvalidArgument` unless it is an ISO 8601 date in the
 * future.
 */
export function parseRetainUntil(text: string, argument: string, now: number): number {
  const until = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN
  if (Number.isNaN(until)) {
    const message = 'The retain until date must be provided in ISO 8601 format'
    throw invalidArgument(message, argument, text)
  }
  if (until <= now) {
    throw invalidArgument('The retain until date must be in the future!', argument, text)
  }
  return until
}

function requestedRetention(headers: HeaderList, now: number): Retention | undefined {
  const mode = headerValue(headers, MODE)
  const date = headerValue(headers, UNTIL)
  const hold = headerValue(headers, EVENT_HOLD)
  const eventHold = parseOnOff(EVENT_HOLD, hold, "Event Hold must be either of 'ON' or 'OFF'")
  const period = parseHoldPeriod(
    headerValue(headers, HOLD_DAYS),
    headerValue(headers, HOLD_YEARS),
    HOLD_DAYS,
  )
  if (eventHold === undefined && (mode === undefined) !== (date === undefined)) {
    const missing = mode === undefined ? MODE : UNTIL
    const message = `${UNTIL} and ${MODE} must both be supplied`
    throw new S3Fault('InvalidArgument', message, [['ArgumentName', missing]])
  }
  const knownMode = LOCK_MODES.find((known) => known === mode)
  if (mode !== undefined && knownMode === undefined) {
    throw invalidArgument('Unknown wormMode directive.', MODE, mode)
  }
  const until = date === undefined ? undefined : parseRetainUntil(date, UNTIL, now)
  return buildRetention(knownMode, until, eventHold, period)
}

function retentionHeaders(retention: Retention, now: number): Record<string, string> {
  const { mode, eventHold, period } = retention
  return {
    [MODE]: mode,
    [UNTIL]: new Date(retainedUntil(retention, now)).toISOString(),
    ...(eventHold === undefined ? {} : { [EVENT_HOLD]: eventHold }),
    ...(period?.unit === 'Days' ? { [HOLD_DAYS]: String(period.count) } : {}),
    ...(period?.unit === 'Years' ? { [HOLD_YEARS]: String(period.count) } : {}),
  }
}

function parseOnOff(
  name: string,
  value: string | undefined,
  message: string,
): 'ON' | 'OFF' | undefined {
  if (value === undefined || value === 'ON' || value === 'OFF') return value
  throw invalidArgument(message, name, value)
}
