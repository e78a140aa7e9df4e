import { type HeaderList, headerValue } from '../base/header-list.ts'
import { isEncryptionHeader } from '../s3/encryption-headers.ts'
import { isLocked } from './classify.ts'
import type { Method } from './object-version.ts'
import type { Snapshot } from './snapshot.ts'

/** Fields of a head that belong to the object, besides `x-amz-*`. */
const OBJECT_FIELDS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'last-modified',
])

/** `x-amz-*` fields that belong to the answer, or change by themselves. */
const PASSING_FIELDS: ReadonlySet<string> = new Set([
  'x-amz-bucket-region',
  'x-amz-expiration',
  'x-amz-id-2',
  'x-amz-mp-parts-count',
  'x-amz-replication-status',
  'x-amz-request-charged',
  'x-amz-request-id',
  'x-amz-restore',
  // Needs a right of its own; tags are compared one by one.
  'x-amz-tagging-count',
  'x-amz-version-id',
])

/** `OFF` is the same as never set. */
const HOLDS: ReadonlySet<string> = new Set([
  'x-amz-object-lock-legal-hold',
  'x-amz-object-lock-event-hold',
])

const RETAIN_UNTIL = 'x-amz-object-lock-retain-until-date'

/** What a copy changes, all of which is accepted by name. */
const COPY_CHANGES: ReadonlySet<string> = new Set(['etag', 'last-modified'])

/**
 * Compares two snapshots of an object, from before and after it was sealed again, property by
 * property. Returns what differs as `name: before → after`, apart from its encryption and from what
 * the method is known to change. Unknown properties are compared too.
 */
export function compareSnapshots(
  before: Snapshot,
  after: Snapshot,
  method: Method,
  now: number,
): readonly string[] {
  const from = propertiesOf(before, method, now)
  const to = propertiesOf(after, method, now)
  const differences: string[] = []
  for (const name of new Set([...from.keys(), ...to.keys()])) {
    const was = from.get(name)
    const is = to.get(name)
    if (was === is || (method !== 'update' && isChangedByCopy(name, was))) continue
    differences.push(`${name}: ${was ?? 'none'} → ${is ?? 'none'}`)
  }
  return differences
}

/**
 * A copy may gain properties: S3 computes a checksum, the bucket locks new versions, and above 5 GiB
 * it is made of parts.
 */
function isChangedByCopy(name: string, was: string | undefined): boolean {
  if (COPY_CHANGES.has(name)) return true
  if (was !== undefined) return false
  return /^(?:x-amz-checksum-|x-amz-object-lock-|part )/.test(name)
}

/** Every property of an object but its encryption, by name. */
function propertiesOf(
  snapshot: Snapshot,
  method: Method,
  now: number,
): ReadonlyMap<string, string> {
  const properties = new Map<string, string>()
  addFields(properties, snapshot.headers)
  // A retention that is over protects nothing, and S3 refuses to write one.
  if (!isLocked({ ...snapshot.state.lock, hasLegalHold: false }, now)) {
    properties.delete('x-amz-object-lock-mode')
    properties.delete(RETAIN_UNTIL)
  }
  // While an event is awaited the date moves with the clock.
  if (snapshot.state.lock.hasEventHold) properties.delete(RETAIN_UNTIL)
  if (properties.get('x-amz-storage-class') === 'STANDARD') properties.delete('x-amz-storage-class')
  for (const { key, value } of snapshot.tags) properties.set(`tag ${key}`, value)
  if (snapshot.acl !== undefined) {
    properties.set('owner', snapshot.acl.ownerId)
    for (const { grantee, permission } of snapshot.acl.grants) {
      properties.set(`grant of ${permission} to ${grantee.kind}=${grantee.value}`, 'given')
    }
  }
  for (const { number, bytes, checksum } of snapshot.parts ?? []) {
    const sum = checksum === undefined ? '' : `, ${checksum.name} ${checksum.value}`
    properties.set(`part ${number}`, `${bytes} bytes${sum}`)
  }
  for (const { name, bytes, etag } of snapshot.annotations) {
    // A copy may have another one, as the object has.
    const tag = method === 'update' ? `, ETag ${etag}` : ''
    properties.set(`annotation ${name}`, `${bytes} bytes${tag}`)
  }
  return properties
}

function addFields(properties: Map<string, string>, headers: HeaderList): void {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = headers[i + 1] ?? ''
    const isOurs = OBJECT_FIELDS.has(name) || name.startsWith('x-amz-')
    if (!isOurs || PASSING_FIELDS.has(name) || isEncryptionHeader(name)) continue
    if (HOLDS.has(name) && value === 'OFF') continue
    const other = properties.get(name)
    properties.set(name, other === undefined ? value : `${other}, ${value}`)
  }
}

/** Returns whether two objects may be of the same data, as far as both have checksums of a kind. */
export function hasSameChecksum(a: HeaderList, b: HeaderList): boolean {
  for (let i = 0; i + 1 < a.length; i += 2) {
    const name = a[i] ?? ''
    if (!/^x-amz-checksum-(?!type$)/.test(name)) continue
    const one = a[i + 1] ?? ''
    const other = headerValue(b, name)
    // `…-3` is one of the checksums of three parts, which cannot be compared with one of the data.
    const isComparable = other !== undefined && one.includes('-') === other.includes('-')
    if (isComparable && one !== other) return false
  }
  return true
}
