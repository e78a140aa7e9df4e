import { type HeaderList, headerValue } from '../base/header-list.ts'
import { encodePath, encodeUriComponentRfc3986 } from '../s3/percent-encoding.ts'
import { isLocked } from './classify.ts'
import type { Acl, Tag } from './object-reads.ts'
import type { ObjectState } from './object-version.ts'
import type { Snapshot } from './snapshot.ts'

/** S3 takes 8 KB of header fields in all; the signature and the rest need some. */
const FIELDS_BYTES_MAX = 6 * 1024

/** Fields of a head that CopyObject keeps by itself, and a multipart upload does not. */
const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
])

/**
 * Names the current object as the source of its own copy. The version is not named: a version that
 * has just been replaced would come back on top. The date excludes a newer one even if its bytes,
 * and with them its ETag, are the same; S3 would ignore it beside `if-match`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function sourceFields({ version, lastModified }: ObjectState): HeaderList {
  return [
    'x-amz-copy-source',
    `/${version.bucket}/${encodePath(version.key)}`,
    'x-amz-copy-source-if-unmodified-since',
    new Date(lastModified).toUTCString(),
  ]
}

/** What CopyObject and CreateMultipartUpload would leave at its default. */
export function keptFields(
  { state, headers, acl }: Snapshot,
  encryption: HeaderList,
  now: number,
): HeaderList {
  const redirect = headerValue(headers, 'x-amz-website-redirect-location')
  return [
    ...encryption,
    'x-amz-storage-class',
    state.storageClass,
    ...(redirect === undefined ? [] : ['x-amz-website-redirect-location', redirect]),
    ...lockFields(headers, state, now),
    ...(acl === undefined ? [] : grantFields(acl)),
  ]
}

/** What CopyObject keeps by itself: metadata, and tags. */
export function contentFields({ headers, tags }: Pick<Snapshot, 'headers' | 'tags'>): HeaderList {
  const fields: string[] = []
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const isContent = CONTENT_FIELDS.has(name) || name.startsWith('x-amz-meta-')
    if (isContent) fields.push(name, headers[i + 1] ?? '')
  }
  if (tags.length > 0) fields.push('x-amz-tagging', tagQuery(tags))
  return fields
}

/** Returns whether S3 takes so many fields. */
export function fitsIntoHead(fields: HeaderList): boolean {
  let bytes = 0
  for (const text of fields) bytes += Buffer.byteLength(text, 'latin1') + 2
  return bytes <= FIELDS_BYTES_MAX
}

/** The algorithm of the object's checksum (`CRC32`, …); undefined: it has none. */
export function checksumAlgorithm(headers: HeaderList): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const [, name] = /^x-amz-checksum-(?!type$)([a-z0-9]+)$/.exec(headers[i] ?? '') ?? []
    if (name !== undefined) return name.toUpperCase()
  }
  return undefined
}

/** The lock of the source. A retention that is over is left out, because S3 refuses it. */
function lockFields(headers: HeaderList, { lock }: ObjectState, now: number): HeaderList {
  const fields: string[] = []
  const isRetained = isLocked({ ...lock, hasLegalHold: false }, now)
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    if (!name.startsWith('x-amz-object-lock-')) continue
    const isHold = name === 'x-amz-object-lock-legal-hold'
    if (isHold ? value === 'ON' : isRetained) fields.push(name, value)
  }
  return fields
}

/** None for an object that only its owner may use, which is the default. */
function grantFields({ ownerId, grants }: Acl): HeaderList {
  const isPrivate = grants.every(
    ({ grantee, permission }) => grantee.value === ownerId && permission === 'FULL_CONTROL',
  )
  if (isPrivate && grants.length > 0) return []
  const values = new Map<string, string[]>()
  for (const { grantee, permission } of grants) {
    const name = `x-amz-grant-${permission.toLowerCase().replace('_', '-')}`
    const list = values.get(name) ?? []
    list.push(`${grantee.kind}="${grantee.value}"`)
    values.set(name, list)
  }
  return [...values].flatMap(([name, list]) => [name, list.join(', ')])
}

function tagQuery(tags: readonly Tag[]): string {
  return tags
    .map(({ key, value }) => {
      return `${encodeUriComponentRfc3986(key)}=${encodeUriComponentRfc3986(value)}`
    })
    .join('&')
}
