import { failure, ok, type Result } from '../base/result.ts'
import { decodePercent } from '../s3/percent-encoding.ts'
import { childText, type XmlElement } from '../s3/xml.ts'
import { askS3, describeReply, documentOf, type S3Link, type S3Question } from './s3-request.ts'

/** What is listed. */
export interface ListingScope {
  readonly bucket: string
  /** Empty: all keys. */
  readonly prefix: string
  /** `all`: noncurrent versions and delete markers too. */
  readonly versions: 'current' | 'all'
}

/** Where a listing goes on: behind this key, or behind this version of it. */
export interface ListingPosition {
  readonly key: string
  /** Undefined: behind all versions of the key. */
  readonly versionId: string | undefined
}

/** An object, a version of it, or a delete marker, as a listing names it. */
export interface ListedVersion {
  readonly kind: 'object' | 'delete-marker'
  readonly key: string
  /** `null` for the version without an id; undefined in a listing of current objects. */
  readonly versionId: string | undefined
  readonly isLatest: boolean
  /** ISO 8601, as S3 writes it. */
  readonly lastModified: string
  /** With its quotes; empty for a delete marker. */
  readonly etag: string
  readonly sizeBytes: number
  /** Empty for a delete marker. */
  readonly storageClass: string
}

/** A page of a listing. */
interface ListingPage {
  readonly entries: readonly ListedVersion[]
  /** Keys that have no UTF-8 form, percent-encoded: requests cannot name them. */
  readonly unreadable: readonly string[]
  /** Undefined: this is the last page. */
  readonly next: ListingPosition | undefined
}

/** A page has 1,000 keys of at most 1,024 bytes, each of which may be escaped to three. */
const PAGE_BYTES_MAX = 8 * 1024 * 1024

/** An entry has at most 18 elements. */
const PAGE_TAGS_MAX = 50_000

/**
 * Lists one page behind a position. The keys of a page are in the order of their bytes and behind
 * the position. A page that repeats or skips back is a failure, since objects would be missed or
 * the listing would not end. Keys are requested percent-encoded, because XML cannot hold all of
 * them.
 *
 * A position stays valid for ever, unlike a continuation token.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export async function listPage(
  link: S3Link,
  scope: ListingScope,
  from: ListingPosition | undefined,
  entriesMax = 1000,
): Promise<Result<ListingPage, string>> {
  const question = questionOf(scope, from, entriesMax)
  const reply = await askS3(link, { ...question, answerBytesMax: PAGE_BYTES_MAX })
  if (reply.kind !== 'answer') return failure(describeReply(reply))
  const root = scope.versions === 'all' ? 'ListVersionsResult' : 'ListBucketResult'
  const document = documentOf(reply, root, PAGE_TAGS_MAX)
  if (document === undefined) return failure('S3 answers a listing that is no listing')
  const page = readPage(document, scope)
  if (!page.ok) return page
  return isAhead(page.value, from) ? page : failure('S3 repeats keys, or lists them out of order')
}

function questionOf(
  { bucket, prefix, versions }: ListingScope,
  from: ListingPosition | undefined,
  entriesMax: number,
): S3Question {
  const query = [
    { name: 'encoding-type', value: 'url' },
    { name: 'max-keys', value: String(entriesMax) },
    { name: 'prefix', value: prefix },
  ]
  if (versions === 'current') {
    query.push({ name: 'list-type', value: '2' })
    if (from !== undefined) query.push({ name: 'start-after', value: from.key })
  } else {
    query.push({ name: 'versions', value: '' })
    if (from !== undefined) query.push({ name: 'key-marker', value: from.key })
    if (from?.versionId !== undefined) {
      query.push({ name: 'version-id-marker', value: from.versionId })
    }
  }
  return { method: 'GET', bucket, query }
}

function readPage(
  document: XmlElement,
  { prefix, versions }: ListingScope,
): Result<ListingPage, string> {
  const isEncoded = childText(document, 'EncodingType') === 'url'
  const listed = readEntries(document, isEncoded, prefix)
  if (listed === undefined) return failure('S3 lists an object in an unknown form')
  const isTruncated = childText(document, 'IsTruncated')
  if (isTruncated === 'false') return ok({ ...listed, next: undefined })
  if (isTruncated !== 'true') return failure('S3 does not say whether the listing has ended')
  const next = versions === 'all' ? markers(document, isEncoded) : lastOf(listed.entries)
  if (next === undefined) return failure('S3 does not say where the listing goes on')
  return ok({ ...listed, next })
}

function readEntries(
  document: XmlElement,
  isEncoded: boolean,
  prefix: string,
): Pick<ListingPage, 'entries' | 'unreadable'> | undefined {
  const entries: ListedVersion[] = []
  const unreadable: string[] = []
  for (const element of document.children) {
    const kind = KINDS[element.name]
    if (kind === undefined) continue
    const raw = childText(element, 'Key') ?? ''
    const key = isEncoded ? decodePercent(raw) : raw
    if (key === undefined || key === '') {
      unreadable.push(raw)
      continue
    }
    const entry = readEntry(element, kind, key)
    if (entry === undefined || !key.startsWith(prefix)) return undefined
    entries.push(entry)
  }
  return { entries, unreadable }
}

const KINDS: Readonly<Record<string, ListedVersion['kind']>> = {
  Contents: 'object',
  Version: 'object',
  DeleteMarker: 'delete-marker',
}

function readEntry(
  element: XmlElement,
  kind: ListedVersion['kind'],
  key: string,
): ListedVersion | undefined {
  const size = childText(element, 'Size') ?? (kind === 'object' ? '' : '0')
  const lastModified = childText(element, 'LastModified')
  if (!/^\d{1,15}$/.test(size) || lastModified === undefined) return undefined
  return {
    kind,
    key,
    versionId: childText(element, 'VersionId'),
    isLatest: (childText(element, 'IsLatest') ?? 'true') === 'true',
    lastModified,
    etag: childText(element, 'ETag') ?? '',
    sizeBytes: Number(size),
    storageClass: childText(element, 'StorageClass') ?? '',
  }
}

/** Where a listing of versions goes on. */
function markers(document: XmlElement, isEncoded: boolean): ListingPosition | undefined {
  const raw = childText(document, 'NextKeyMarker')
  const key = raw !== undefined && isEncoded ? decodePercent(raw) : raw
  if (key === undefined || key === '') return undefined
  const versionId = childText(document, 'NextVersionIdMarker')
  return { key, versionId: versionId === '' ? undefined : versionId }
}

function lastOf(entries: readonly ListedVersion[]): ListingPosition | undefined {
  const last = entries.at(-1)
  return last === undefined ? undefined : { key: last.key, versionId: undefined }
}

/** Returns whether a page lies behind the position, in order, and ends before the next one. */
function isAhead({ entries, next }: ListingPage, from: ListingPosition | undefined): boolean {
  if (!isInOrder(entries, from)) return false
  const key = entries.at(-1)?.key ?? from?.key
  if (next === undefined || key === undefined) return true
  const order = compareUtf8(next.key, key)
  if (order !== 0) return order > 0
  // A marker inside the versions of a key is one of them.
  return next.key !== from?.key || next.versionId !== from.versionId
}

/** Returns whether keys ascend from the position, and no version of a key comes twice. */
function isInOrder(entries: readonly ListedVersion[], from: ListingPosition | undefined): boolean {
  let key = from?.key
  let seen = new Set(from?.versionId === undefined ? [] : [from.versionId])
  /** Whether more entries of the key may follow. */
  let isOpen = from?.versionId !== undefined
  for (const entry of entries) {
    const order = key === undefined ? 1 : compareUtf8(entry.key, key)
    if (order > 0) {
      seen = new Set()
      key = entry.key
      isOpen = entry.versionId !== undefined
    } else if (order < 0 || !isOpen) return false
    const id = entry.versionId ?? ''
    if (seen.has(id)) return false
    seen.add(id)
  }
  return true
}

/** Compares as S3 sorts: by the bytes of UTF-8. */
export function compareUtf8(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}
