import { randomBytes } from 'node:crypto'
import type { HeaderList } from '../../base/header-list.ts'
import { type Acl, PRIVATE_ACL, requestedAcl } from '../acl.ts'
import type { ObjectEncryption } from '../encryption.ts'
import { requestedEncryption } from '../encryption.ts'
import type { Exchange } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { requestedLock } from '../object-lock-headers.ts'
import type { BucketRecord, ObjectHead, ObjectRecord, Tag } from '../records.ts'
import { header, type SandboxRequest } from '../request.ts'
import { checkStorageClass } from '../storage-class.ts'

const METADATA_BYTES_MAX = 2048

const STORAGE_CLASS = 'x-amz-storage-class'
const REDIRECT_LOCATION = 'x-amz-website-redirect-location'

const REDIRECT_BYTES_MAX = 2048

/** Headers that S3 stores and returns on reads, in addition to `x-amz-meta-*`. */
const KEPT_HEADERS = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  STORAGE_CLASS,
  REDIRECT_LOCATION,
])

/**
 * Returns the parts of a head that PutObject, CreateMultipartUpload and POST forms store; the lock
 * has no defaults.
 */
export function readObjectHead(
  headers: HeaderList,
  bucket: BucketRecord,
  exchange: Pick<Exchange, 'keys' | 'quirks' | 'now'>,
): ObjectHead {
  return {
    headers: readKeptHeaders(headers),
    tags: readTagHeader(headers),
    encryption: encryptionOfWrite(headers, bucket, exchange),
    acl: aclOfWrite(headers, bucket),
    lock: requestedLock(headers, bucket.lock, exchange.now),
  }
}

/** The new object's ACL: `private` by default. */
export function aclOfWrite(headers: HeaderList, bucket: BucketRecord): Acl {
  return requestedAcl(headers, bucket.ownership) ?? PRIVATE_ACL
}

/** The new object's encryption; with a wrong key if a quirk asks for it. */
export function encryptionOfWrite(
  headers: HeaderList,
  bucket: BucketRecord,
  exchange: Pick<Exchange, 'keys' | 'quirks'>,
): ObjectEncryption {
  const encryption = requestedEncryption(headers, bucket.encryption, exchange.keys)
  const wrongKey = exchange.quirks.wrongKey
  return encryption.kind === 'kms' && wrongKey !== undefined
    ? { ...encryption, keyArn: wrongKey }
    : encryption
}

/**
 * The headers that are kept with an object. Throws `MetadataTooLarge`, `InvalidStorageClass`,
 * `InvalidRedirectLocation`.
 */
export function readKeptHeaders(headers: HeaderList): Readonly<Record<string, string>> {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (name.startsWith('x-amz-meta-')) {
      // S3 joins a name that occurs more than once.
      kept[name] = kept[name] === undefined ? value : `${kept[name]},${value}`
    } else if (KEPT_HEADERS.has(name)) {
      kept[name] = value
    }
  }
  checkRedirectLocation(kept[REDIRECT_LOCATION])
  const storageClass = kept[STORAGE_CLASS]
  if (storageClass !== undefined) checkStorageClass(storageClass)
  // S3 does not return it on reads.
  if (storageClass === 'STANDARD') delete kept[STORAGE_CLASS]
  const coding = withoutAwsChunked(kept['content-encoding'] ?? '')
  if (coding === '') delete kept['content-encoding']
  else kept['content-encoding'] = coding
  checkMetadataSize(kept)
  return kept
}

/** Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html */
function checkRedirectLocation(location: string | undefined): void {
  if (location === undefined) return
  if (location.length > REDIRECT_BYTES_MAX) {
    throw new S3Fault(
      'InvalidRedirectLocation',
      'The length of website redirect location cannot exceed 2,048 characters.',
    )
  }
  if (!/^(?:https?:\/)?\//.test(location)) throw new S3Fault('InvalidRedirectLocation')
}

function checkMetadataSize(kept: Readonly<Record<string, string>>): void {
  let bytes = 0
  for (const [name, value] of Object.entries(kept)) {
    if (name.startsWith('x-amz-meta-')) bytes += name.length - 'x-amz-meta-'.length + value.length
  }
  if (bytes > METADATA_BYTES_MAX) {
    throw new S3Fault('MetadataTooLarge', undefined, [
      ['Size', String(bytes)],
      ['MaxSizeAllowed', String(METADATA_BYTES_MAX)],
    ])
  }
}

/** `x-amz-tagging`: a query string. Throws `InvalidArgument` or `InvalidTag`. */
export function readTagHeader(headers: HeaderList): readonly Tag[] {
  const index = headers.findIndex((name, i) => i % 2 === 0 && name === 'x-amz-tagging')
  if (index === -1) return []
  return checkTags([...new URLSearchParams(headers[index + 1] ?? '')])
}

/** Ten tags at most, no key twice, limits of length. Throws `InvalidTag`. */
export function checkTags(tags: readonly Tag[], countMax = 10): readonly Tag[] {
  const keys = new Set(tags.map(([key]) => key))
  const isValid =
    tags.length <= countMax &&
    keys.size === tags.length &&
    tags.every(([key, value]) => key !== '' && key.length <= 128 && value.length <= 256)
  if (!isValid) throw new S3Fault('InvalidTag')
  return tags
}

/**
 * The ETag of a single-part object: the MD5 where nothing or SSE-S3 encrypts it, else something
 * that is no digest of the plain text.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
export function etagOf(encryption: ObjectEncryption, md5: string | undefined): string {
  return md5 !== undefined && hasMd5Etag(encryption) ? md5 : randomBytes(16).toString('hex')
}

/** Returns whether the ETag must be the MD5. */
export function hasMd5Etag(encryption: ObjectEncryption): boolean {
  return encryption.kind === 's3' || encryption.kind === 'none'
}

/**
 * `If-None-Match` and `If-Match` of a write. Throws `PreconditionFailed` or `NoSuchKey`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function checkWriteConditions(
  request: SandboxRequest,
  existing: Pick<ObjectRecord, 'etag'> | undefined,
): void {
  const ifNoneMatch = header(request, 'if-none-match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') {
    throw new S3Fault('NotImplemented', undefined, [['Header', 'If-None-Match']])
  }
  if (ifNoneMatch === '*' && existing !== undefined) {
    throw new S3Fault('PreconditionFailed', undefined, [['Condition', 'If-None-Match']])
  }
  const ifMatch = header(request, 'if-match')
  if (ifMatch === undefined) return
  if (existing === undefined) {
    throw new S3Fault('NoSuchKey', undefined, [['Key', request.key ?? '']])
  }
  if (ifMatch.replaceAll('"', '') !== existing.etag) {
    throw new S3Fault('PreconditionFailed', undefined, [['Condition', 'If-Match']])
  }
}

function withoutAwsChunked(value: string): string {
  return value
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked')
    .join(',')
}
