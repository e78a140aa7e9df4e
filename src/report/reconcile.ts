import {
  type AuditLine,
  encryptionOf,
  isDeletion,
  keyNameOf,
  STORED,
  textOf,
  writeOf,
} from './audit-line.ts'
import { BoundedList, type Listed } from './bounded-list.ts'
import type { CloudTrail, TrailedWrite } from './read-cloudtrail.ts'
import type { Inventory, ListedObject } from './read-inventory.ts'

/** A difference between a trail and what S3 says, for people. */
export interface Difference {
  readonly time: string
  readonly bucket: string
  readonly key: string
  /** What is known of it. */
  readonly what: string
}

/** What comparing a trail with S3's own records gave. */
export interface Reconciliation {
  /** Writes that both have. */
  readonly matched: number
  /** S3 has them, and no line of the trail. */
  readonly around: Listed<Difference>
  /** The trail has them, and S3 does not. */
  readonly unknown: Listed<Difference>
  /** Both have them, and say other things of the key or the end. */
  readonly disagreeing: Listed<Difference>
  /** Not compared, and why. */
  readonly notes: readonly string[]
}

const LISTED_MAX = 1000
const WRITES_MAX = 1_000_000

/** Collects the three lists. */
class Lists {
  matched = 0
  readonly around = new BoundedList<Difference>(LISTED_MAX)
  readonly unknown = new BoundedList<Difference>(LISTED_MAX)
  readonly disagreeing = new BoundedList<Difference>(LISTED_MAX)

  end(notes: readonly string[]): Reconciliation {
    const byTime = (a: Difference, b: Difference): number => (a.time < b.time ? -1 : 1)
    return {
      matched: this.matched,
      around: this.around.sorted(byTime),
      unknown: this.unknown.sorted(byTime),
      disagreeing: this.disagreeing.sorted(byTime),
      notes,
    }
  }
}

/** Compares the lines of a trail with the events of CloudTrail, by S3's request id. */
export class CloudTrailComparison {
  readonly #cloudTrail: CloudTrail
  readonly #open: Map<string, TrailedWrite>
  readonly #lists = new Lists()
  readonly #principals = new Set<string>()
  #uncovered = 0
  #first = ''
  #last = ''

  constructor(cloudTrail: CloudTrail) {
    this.#cloudTrail = cloudTrail
    this.#open = new Map(cloudTrail.writes.map((write) => [write.requestId, write]))
  }

  take(line: AuditLine): void {
    const time = textOf(line, 'time') ?? ''
    if (this.#first === '' || time < this.#first) this.#first = time
    if (time > this.#last) this.#last = time
    const write = writeOf(line)
    if (write === undefined || write === 'refused') return
    const requestId = textOf(line, 'upstreamRequestId')
    const event = requestId === undefined ? undefined : this.#open.get(requestId)
    if (event === undefined || requestId === undefined) {
      if (STORED.has(write)) this.#missing(line, time)
      return
    }
    this.#open.delete(requestId)
    this.#principals.add(event.principal)
    this.#compare(line, event)
  }

  end(): Reconciliation {
    let outside = 0
    for (const write of this.#open.values()) {
      const { time, bucket, key, operation, requestId, principal, sourceIp, encryption } = write
      // CloudTrail's times have no fraction.
      if (time < this.#first.slice(0, 19) || time.slice(0, 19) > this.#last) {
        outside++
        continue
      }
      const own = this.#principals.has(principal) ? ", who is Sealgate's principal, too" : ''
      const under = encryption ?? 'no encryption that CloudTrail names'
      const what = `${operation} by ${principal}${own}, from ${sourceIp}, request ${requestId}, under ${under}`
      this.#lists.around.add({ time, bucket, key, what })
    }
    const notes: string[] = []
    if (outside > 0) notes.push(`${outside} writes of CloudTrail are before or after this trail`)
    if (this.#uncovered > 0) {
      notes.push(
        `${this.#uncovered} writes of the trail are of buckets or times of which CloudTrail has no event`,
      )
    }
    return this.#lists.end(notes)
  }

  #missing(line: AuditLine, time: string): void {
    const { buckets, first, last } = this.#cloudTrail
    const bucket = textOf(line, 'bucket') ?? ''
    if (!buckets.has(bucket) || time.slice(0, 19) < first || time.slice(0, 19) > last) {
      this.#uncovered++
      return
    }
    const requestId = textOf(line, 'upstreamRequestId') ?? 'none'
    this.#lists.unknown.add({
      ...nameOf(line),
      what: `${sourceOf(line)}, S3's request ${requestId}`,
    })
  }

  #compare(line: AuditLine, event: TrailedWrite): void {
    const said = encryptionOf(line, 'confirmedEncryption')?.keyId
    const isOtherKey =
      said !== undefined &&
      event.encryption?.startsWith('arn:') === true &&
      event.encryption !== said
    const isOtherObject = event.bucket !== line['bucket'] || event.key !== line['key']
    if (writeOf(line) === 'failed') {
      this.#disagree(line, 'failed by the trail, and S3 did it')
    } else if (isOtherObject) {
      this.#disagree(line, `S3 wrote ${event.bucket}/${event.key}`)
    } else if (isOtherKey) {
      this.#disagree(line, `under ${said} by the trail, ${event.encryption ?? ''} by CloudTrail`)
    } else this.#lists.matched++
  }

  #disagree(line: AuditLine, what: string): void {
    this.#lists.disagreeing.add({ ...nameOf(line), what: `${sourceOf(line)}: ${what}` })
  }
}

/** The newest write or deletion of an object that the trail has. */
interface NewestWrite {
  readonly time: string
  readonly isDeleted: boolean
  readonly etag: string | undefined
  readonly source: string
  readonly encryption: string
  readonly isKms: boolean
}

/** Compares the newest line of each object with an inventory, by ETag. */
export class InventoryComparison {
  readonly #inventory: Inventory
  readonly #newest = new Map<string, NewestWrite>()
  #first = ''
  #dropped = 0

  constructor(inventory: Inventory) {
    this.#inventory = inventory
  }

  take(line: AuditLine): void {
    const time = textOf(line, 'time') ?? ''
    if (this.#first === '' || time < this.#first) this.#first = time
    const { bucket, key } = nameOf(line)
    if (!this.#isCompared(bucket, key, time)) return
    const write = writeOf(line)
    const isStored = write !== undefined && STORED.has(write)
    if (isStored || isDeletion(line)) this.#note(JSON.stringify([bucket, key]), line, isStored)
  }

  /** What came after the listing began may be in it or not. */
  #isCompared(bucket: string, key: string, time: string): boolean {
    const { createdAt, buckets } = this.#inventory
    return buckets.has(bucket) && key !== '' && (createdAt === undefined || time < createdAt)
  }

  #note(name: string, line: AuditLine, isStored: boolean): void {
    const time = textOf(line, 'time') ?? ''
    const before = this.#newest.get(name)
    if (before !== undefined && before.time > time) return
    if (before === undefined && this.#newest.size >= WRITES_MAX) {
      this.#dropped++
      return
    }
    if (!isStored && before !== undefined && textOf(line, 'versionId') !== undefined) {
      // It may be of an older version: the newest one stands if the inventory has it.
      this.#newest.set(name, { ...before, time, isDeleted: true, source: sourceOf(line) })
      return
    }
    // A new key leaves the ETag as it is.
    const isRekey = line['operation'] === 'UpdateObjectEncryption'
    this.#newest.set(name, {
      time,
      isDeleted: !isStored,
      etag: isRekey ? before?.etag : textOf(line, 'etag'),
      source: sourceOf(line),
      encryption: keyNameOf(line),
      isKms: encryptionOf(line, 'confirmedEncryption')?.algorithm.startsWith('aws:kms') === true,
    })
  }

  end(): Reconciliation {
    const lists = new Lists()
    let older = 0
    for (const object of this.#inventory.objects) {
      const name = JSON.stringify([object.bucket, object.key])
      const newest = this.#newest.get(name)
      this.#newest.delete(name)
      if (newest === undefined && (object.lastModified ?? '~') < this.#first) older++
      else compareObject(object, newest, lists)
    }
    for (const [name, { time, isDeleted, source }] of this.#newest) {
      if (isDeleted) continue
      const [bucket = '', key = '']: readonly string[] = JSON.parse(name)
      lists.unknown.add({ time, bucket, key, what: `${source}, and it is not in the inventory` })
    }
    const notes: string[] = []
    if (older > 0) notes.push(`${older} objects are older than the trail`)
    if (this.#inventory.createdAt === undefined) {
      notes.push('the inventory does not say when it was made: later writes show as differences')
    }
    if (this.#dropped > 0) notes.push(`${this.#dropped} writes were not compared: too many objects`)
    return lists.end(notes)
  }
}

function compareObject(
  { bucket, key, etag, lastModified, encryption }: ListedObject,
  newest: NewestWrite | undefined,
  lists: Lists,
): void {
  const time = lastModified ?? ''
  const listed = `ETag ${etag ?? 'unknown'}, ${encryption ?? 'encryption unknown'}`
  const stands = etag !== undefined && newest?.etag === etag
  if (newest === undefined || (newest.isDeleted && !stands)) {
    const deleted = newest === undefined ? '' : `; deleted by ${newest.source}`
    lists.around.add({ time, bucket, key, what: `${listed}${deleted}` })
  } else if (etag !== undefined && newest.etag !== undefined && etag !== newest.etag) {
    const what = `${listed}; the newest line has ETag ${newest.etag}: ${newest.source}`
    lists.around.add({ time, bucket, key, what })
  } else if (encryption !== undefined && newest.isKms !== /KMS/.test(encryption)) {
    const what = `${newest.encryption} by the trail (${newest.source}), ${encryption} by the inventory`
    lists.disagreeing.add({ time, bucket, key, what })
  } else lists.matched++
}

function nameOf(line: AuditLine) {
  const field = (name: string): string => textOf(line, name) ?? ''
  return { time: field('time'), bucket: field('bucket'), key: field('key') }
}

function sourceOf(line: AuditLine): string {
  const field = (name: string): string => textOf(line, name) ?? '-'
  return `${field('operation')} by ${field('client')}, request ${field('requestId')}`
}
