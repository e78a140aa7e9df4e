import { invalidArgument, S3Fault } from './fault.ts'
import type { ObjectRecord } from './records.ts'

/** Classes that a write may ask for. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const

const STORAGE_CLASS = 'x-amz-storage-class'

/** The archive tiers of INTELLIGENT_TIERING. */
export type ArchiveStatus = 'ARCHIVE_ACCESS' | 'DEEP_ARCHIVE_ACCESS'

/** The archive state of an object's data. */
export interface ObjectArchive {
  /** Until when a restored copy of a GLACIER or DEEP_ARCHIVE object can be read. Milliseconds since 1970. */
  readonly restoredUntil: number | undefined
  /** The tier of an INTELLIGENT_TIERING object that was not read for months. */
  readonly status: ArchiveStatus | undefined
}

/** Nothing has been restored, nothing has moved to an archive tier. */
export const NOT_ARCHIVED: ObjectArchive = { restoredUntil: undefined, status: undefined }

/** Throws `InvalidStorageClass`. */
export function checkStorageClass(value: string): void {
  if (STORAGE_CLASSES.some((known) => known === value)) return
  throw new S3Fault('InvalidStorageClass', undefined, [['StorageClassRequested', value]])
}

/** An object's class; without a header it is STANDARD. */
export function storageClassOf({ headers }: Pick<ObjectRecord, 'headers'>): string {
  return headers[STORAGE_CLASS] ?? 'STANDARD'
}

/** Returns whether the data must be restored before it can be read. */
export function isArchived(record: ObjectRecord, now: number): boolean {
  if (record.archive.status !== undefined) return true
  return isArchiveClass(record) && (record.archive.restoredUntil ?? 0) <= now
}

/** Throws `InvalidObjectState` for data that has to be restored; `message`: to read or to copy it. */
export function refuseArchived(record: ObjectRecord, now: number, message?: string): void {
  if (isArchived(record, now)) throw invalidState(record, message)
}

/** `x-amz-restore` and `x-amz-archive-status`. */
export function archiveHeaders({ archive }: ObjectRecord, now: number): Record<string, string> {
  const { restoredUntil, status } = archive
  if (status !== undefined) return { 'x-amz-archive-status': status }
  if (restoredUntil === undefined || restoredUntil <= now) return {}
  const date = new Date(restoredUntil).toUTCString()
  return { 'x-amz-restore': `ongoing-request="false", expiry-date="${date}"` }
}

/**
 * Returns the archive state after a restore, which takes no time here: a copy for a number of days,
 * or permanently out of an archive tier. Throws `InvalidObjectState`, `InvalidArgument`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
 */
export function restored(
  record: ObjectRecord,
  days: number | undefined,
  now: number,
): ObjectArchive {
  if (record.archive.status !== undefined) return NOT_ARCHIVED
  if (!isArchiveClass(record)) {
    throw invalidState(record, "Restore is not allowed for the object's current storage class")
  }
  if (days === undefined || days < 1) {
    throw invalidArgument('restoration days should be at least 1', 'Days', String(days ?? ''))
  }
  // The copy expires at the next midnight, UTC, after its days.
  const until = Math.ceil((now + days * 86_400_000) / 86_400_000) * 86_400_000
  return { restoredUntil: until, status: undefined }
}

function isArchiveClass(record: ObjectRecord): boolean {
  const storageClass = storageClassOf(record)
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE'
}

function invalidState(record: ObjectRecord, message: string | undefined): S3Fault {
  const { status } = record.archive
  return new S3Fault('InvalidObjectState', message, [
    ['StorageClass', storageClassOf(record)],
    ...(status === undefined ? [] : [['AccessTier', status] as const]),
  ])
}
