import { headerValue } from '../base/header-list.ts'
import { fieldValue } from '../body/form-fields.ts'
import type { Client } from '../config/config.ts'
import { matchesAny } from '../policy/pattern.ts'
import { readDeletion } from '../s3/deletion.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import type { AccessClass } from '../s3/operation-table.ts'
import { refusal } from '../s3/refusals.ts'
import type { S3Request } from './read-request.ts'

/** The grants of a client: what it may do, to which buckets and keys. */
export type Grants = Pick<Client, 'buckets' | 'prefixes' | 'allow'>

/** Literal prefixes that allow every key. */
export const ALL_KEYS: Client['prefixes'] = ['']

/**
 * Returns the refusal of a request that the client's grants do not cover; undefined if they do.
 * Every bucket and key that the head of a request names is judged: resource, copy source, the prefix
 * of a list, the key of a form. Keys in a body are judged by {@link refusedDeletion}. Pure.
 */
export function refusedByGrants(client: Grants, request: S3Request): S3Error | undefined {
  return (
    refusedBucket(client, request) ?? refusedClass(client, request) ?? refusedKey(client, request)
  )
}

/** Whether the client may use all buckets, so that the answer to ListBuckets needs no filter. */
export function hasAllBuckets({ buckets }: Pick<Client, 'buckets'>): boolean {
  return buckets.some(({ text }) => text === '*')
}

/** Whether the client may use all keys of its buckets. */
export function hasAllKeys({ prefixes }: Pick<Client, 'prefixes'>): boolean {
  return prefixes.includes('')
}

/**
 * Returns the refusal of a list of objects to delete. Undefined if the client may delete all of them.
 * A document that another parser could read differently is refused.
 */
export function refusedDeletion(client: Grants, list: Buffer | 'streamed' | undefined) {
  if (hasAllKeys(client) || list === undefined) return undefined
  if (list === 'streamed') return refusal('body-too-large/list')
  const text = list.toString('utf8')
  const entries = isUtf8Only(text) ? readDeletion(text, 'Delete') : undefined
  if (entries === undefined) return refusal('xml-malformed')
  const outside = entries.find(({ key }) => !isWithin(client, key))
  return outside === undefined ? undefined : refusal('key-not-allowed')
}

/** The bucket and, for copies, the source bucket must be among the client's. */
function refusedBucket(client: Grants, request: S3Request): S3Error | undefined {
  const { operation, resource, copySource } = request
  const { bucket } = resource
  if (bucket === undefined) {
    // Its answer is filtered.
    if (hasAllBuckets(client) || operation.name === 'ListBuckets') return undefined
    return refusal('bucket-not-allowed/all', { operation: operation.name })
  }
  if (!matchesAny(client.buckets, bucket)) return refusal('bucket-not-allowed', { bucket })
  if (copySource !== undefined && !matchesAny(client.buckets, copySource.bucket)) {
    return refusal('copy-source-not-allowed', { bucket: copySource.bucket })
  }
  return undefined
}

function refusedClass(client: Grants, request: S3Request): S3Error | undefined {
  const lacking = neededClasses(request).find((needed) => !client.allow.includes(needed))
  if (lacking === undefined) return undefined
  return refusal('access-not-allowed', { operation: request.operation.name, class: lacking })
}

function neededClasses(request: S3Request): readonly AccessClass[] {
  const { operation, copySource } = request
  const needed: AccessClass[] = [operation.access]
  if (copySource !== undefined) needed.push('read')
  if (operation.encryptionRole === 'moves') needed.push('read', 'delete')
  if (setsAcl(request)) needed.push('configure')
  return needed
}

/** These give nobody access but the owners of object and bucket. */
const OWNERS_ACLS: ReadonlySet<string> = new Set([
  'private',
  'bucket-owner-read',
  'bucket-owner-full-control',
])

const GRANT_PREFIX = 'x-amz-grant-'

/** Whether the request sets an ACL that gives access to others, in headers or in a form's fields. */
function setsAcl({ headers, form }: S3Request): boolean {
  const acl =
    form === undefined ? headerValue(headers, 'x-amz-acl') : fieldValue(form.fields, 'acl')
  if (acl !== undefined && !OWNERS_ACLS.has(acl)) return true
  if (form !== undefined) {
    return form.fields.some(({ key }) => key === 'x-amz-acl' || key.startsWith(GRANT_PREFIX))
  }
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.startsWith(GRANT_PREFIX)) return true
  }
  return false
}

function refusedKey(client: Grants, request: S3Request): S3Error | undefined {
  if (hasAllKeys(client)) return undefined
  const { operation, resource, copySource } = request
  if (reachesOtherKeys(operation)) {
    return refusal('key-not-allowed/all', { operation: operation.name })
  }
  if (operation.level !== 'bucket' || operation.name === 'PostObject') {
    if (resource.key !== undefined && !isWithin(client, resource.key)) {
      return refusal('key-not-allowed')
    }
  } else if (LISTS.has(operation.name)) {
    const prefix = request.query.find(({ name }) => name === 'prefix')?.value ?? ''
    if (!isWithin(client, prefix)) return refusal('key-not-allowed/list')
  }
  if (copySource === undefined) return undefined
  // In an ARN, S3 and Sealgate could disagree where the key begins.
  const isAmbiguous = copySource.bucket.startsWith('arn:')
  return isAmbiguous || !isWithin(client, copySource.key)
    ? refusal('copy-source-not-allowed/key')
    : undefined
}

/** Lists of keys; all of an answer's keys begin with the parameter `prefix`. */
const LISTS: ReadonlySet<string> = new Set([
  'ListObjects',
  'ListObjectsV2',
  'ListObjectVersions',
  'ListMultipartUploads',
])

/**
 * Whether the operation affects more keys than its own: a bucket's settings (a lifecycle deletes), the
 * end of a bucket, a session, a source in a header that is not read here.
 */
function reachesOtherKeys({ access, level, name, encryptionRole }: Operation): boolean {
  if (encryptionRole === 'moves' || name === 'CreateSession') return true
  if (level !== 'bucket') return false
  return access === 'configure' || name === 'DeleteBucket'
}

/** Some servers resolve dot segments: such a key may be another one there. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/

function isWithin({ prefixes }: Grants, key: string): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix)) && !DOT_SEGMENT.test(key)
}

/** A declaration may name another encoding, in which a server could read other keys. */
function isUtf8Only(text: string): boolean {
  if (text.includes('\ufffd')) return false
  const declaration = text.slice(0, text.indexOf('?>') + 1).toLowerCase()
  if (!declaration.includes('encoding')) return true
  return declaration.includes('encoding="utf-8"') || declaration.includes("encoding='utf-8'")
}
