import { type HeaderList, headerValue } from '../base/header-list.ts'
import {
  CUSTOMER_ALGORITHM_HEADER,
  SSE_BUCKET_KEY_HEADER,
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
} from '../s3/encryption-headers.ts'
import type { ObjectEncryption, ObjectLock, ObjectState, ObjectVersion } from './object-version.ts'

/** Classes whose data must be restored before it can be read. */
const ARCHIVE_CLASSES: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE'])

/**
 * Reads the state of a version from S3's answer to HEAD. `version` is what was asked for; the answer
 * names the version id. Undefined if the answer lacks what S3 always sends (ETag, size, date), or
 * contradicts itself.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export function readObjectState(
  version: ObjectVersion,
  isCurrent: boolean,
  headers: HeaderList,
): ObjectState | undefined {
  const etag = headerValue(headers, 'etag')
  const length = headerValue(headers, 'content-length') ?? ''
  const lastModified = isoSeconds(headerValue(headers, 'last-modified'))
  const encryption = readEncryption(headers)
  const lock = readLock(headers)
  const isWhole =
    etag !== undefined &&
    /^\d{1,15}$/.test(length) &&
    lastModified !== undefined &&
    lock !== undefined
  if (!isWhole || encryption === undefined) return undefined
  return {
    version: {
      ...version,
      versionId: headerValue(headers, 'x-amz-version-id') ?? version.versionId,
    },
    isCurrent,
    etag,
    bytes: Number(length),
    lastModified,
    storageClass: headerValue(headers, 'x-amz-storage-class') ?? 'STANDARD',
    isArchived: isArchived(headers),
    encryption,
    lock,
  }
}

/** Undefined if S3 names KMS and no key: then nobody can say which key it is. */
function readEncryption(headers: HeaderList): ObjectEncryption | undefined {
  if (headerValue(headers, CUSTOMER_ALGORITHM_HEADER) !== undefined) return { kind: 'customer-key' }
  const algorithm = headerValue(headers, SSE_HEADER)
  const keyId = headerValue(headers, SSE_KEY_ID_HEADER)
  const bucketKey = headerValue(headers, SSE_BUCKET_KEY_HEADER) === 'true'
  switch (algorithm) {
    case undefined:
      return keyId === undefined ? { kind: 'none' } : undefined
    case 'AES256':
      return { kind: 'sse-s3' }
    case 'aws:kms':
    case 'aws:kms:dsse':
      return keyId === undefined ? undefined : { kind: 'sse-kms', algorithm, keyId, bucketKey }
    default:
      return { kind: 'service', algorithm }
  }
}

function isArchived(headers: HeaderList): boolean {
  if (headerValue(headers, 'x-amz-archive-status') !== undefined) return true
  if (!ARCHIVE_CLASSES.has(headerValue(headers, 'x-amz-storage-class') ?? '')) return false
  // `ongoing-request="false", expiry-date="…"`: a restored copy can be read until then.
  return !(headerValue(headers, 'x-amz-restore') ?? '').includes('ongoing-request="false"')
}

/** Undefined if the lock cannot be read; it is never taken for none. */
function readLock(headers: HeaderList): ObjectLock | undefined {
  const mode = headerValue(headers, 'x-amz-object-lock-mode')
  const until = headerValue(headers, 'x-amz-object-lock-retain-until-date')
  const hasLegalHold = headerValue(headers, 'x-amz-object-lock-legal-hold') === 'ON'
  const hasEventHold = headerValue(headers, 'x-amz-object-lock-event-hold') === 'ON'
  if (mode === undefined && until === undefined) {
    return { retention: undefined, hasLegalHold, hasEventHold }
  }
  const isMode = mode === 'GOVERNANCE' || mode === 'COMPLIANCE'
  if (!isMode || until === undefined || Number.isNaN(Date.parse(until))) return undefined
  return { retention: { mode, until }, hasLegalHold, hasEventHold }
}

/** An HTTP date as ISO 8601, in seconds; undefined if it is none. */
function isoSeconds(date: string | undefined): string | undefined {
  const ms = Date.parse(date ?? '')
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString().replace('.000', '')
}
