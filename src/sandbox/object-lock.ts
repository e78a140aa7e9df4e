import { S3Fault } from './fault.ts'

/** GOVERNANCE can be bypassed on request, COMPLIANCE cannot. */
export const LOCK_MODES = ['GOVERNANCE', 'COMPLIANCE'] as const

type LockMode = (typeof LOCK_MODES)[number]

/** A span of time as it was given. */
export interface LockPeriod {
  readonly unit: 'Days' | 'Years'
  readonly count: number
}

/** Until when a version is kept. */
export interface Retention {
  readonly mode: LockMode
  /** Milliseconds since 1970; under an event hold at least its period from now on. */
  readonly until: number
  readonly eventHold: 'ON' | 'OFF' | undefined
  /** How long the version is kept after the release of an event hold that is on. */
  readonly period: LockPeriod | undefined
}

/** The protection of a version. */
export interface ObjectLock {
  readonly retention: Retention | undefined
  /** Undefined if it was never placed. */
  readonly legalHold: 'ON' | 'OFF' | undefined
}

/** A bucket's default for new versions. */
export interface DefaultRetention {
  readonly mode: LockMode
  readonly period: LockPeriod | undefined
  readonly eventHold: LockPeriod | undefined
}

/** A bucket's Object Lock. */
export interface BucketLock {
  readonly defaultRetention: DefaultRetention | undefined
}

const DAY_MS = 86_400_000

/** A period in milliseconds. S3 counts a year as 365 days. */
export function periodMs({ unit, count }: LockPeriod): number {
  return count * DAY_MS * (unit === 'Years' ? 365 : 1)
}

/**
 * Until when a retention keeps its version: while an event hold is on, always the hold's period from
 * now, and not before a date that was given.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
 */
export function retainedUntil({ until, eventHold, period }: Retention, now: number): number {
  if (eventHold !== 'ON' || period === undefined) return until
  return Math.max(until, now + periodMs(period))
}

/** The lock of a new version: its own, and the bucket's default if it has no retention. */
export function withDefault(
  lock: ObjectLock,
  bucket: BucketLock | undefined,
  now: number,
): ObjectLock {
  const byDefault = bucket?.defaultRetention
  if (lock.retention !== undefined || byDefault === undefined) return lock
  const { mode, period, eventHold } = byDefault
  return {
    ...lock,
    retention: {
      mode,
      until: now + (period === undefined ? 0 : periodMs(period)),
      eventHold: eventHold === undefined ? undefined : 'ON',
      period: eventHold,
    },
  }
}

/** Returns whether a version is protected from removal; `bypasses` ignores governance retention. */
export function isProtected(lock: ObjectLock, now: number, bypasses: boolean): boolean {
  if (lock.legalHold === 'ON') return true
  const { retention } = lock
  if (retention === undefined || retainedUntil(retention, now) <= now) return false
  return !(bypasses && retention.mode === 'GOVERNANCE')
}

/** Throws `AccessDenied` if the version is protected. */
export function refuseProtected(lock: ObjectLock, now: number, bypasses: boolean): void {
  if (isProtected(lock, now, bypasses)) throw protectedByLock()
}

/**
 * Throws `AccessDenied` if a retention may not be replaced: an active one may be extended; in
 * governance mode a bypassing request may change anything.
 */
export function checkRetentionChange(
  before: Retention | undefined,
  after: Retention | undefined,
  now: number,
  bypasses: boolean,
): void {
  if (before === undefined || retainedUntil(before, now) <= now) return
  if (bypasses && before.mode === 'GOVERNANCE') return
  const isLonger =
    after?.mode === before.mode && retainedUntil(after, now) >= retainedUntil(before, now)
  if (!isLonger) throw protectedByLock()
}

/** The retention after its event hold was released: its period runs from now. */
export function released(retention: Retention, now: number): Retention {
  return {
    ...retention,
    until: retainedUntil(retention, now),
    eventHold: 'OFF',
    period: undefined,
  }
}

function protectedByLock(): S3Fault {
  return new S3Fault('AccessDenied', 'Access Denied because object protected by object lock.')
}
