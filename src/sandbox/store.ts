import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PRIVATE_ACL } from './acl.ts'
import { BucketStore } from './bucket-store.ts'
import { DEFAULT_BUCKET_ENCRYPTION } from './encryption.ts'
import { S3Fault } from './fault.ts'
import { compareUtf8 } from './utf8-order.ts'

/** All buckets of a data folder. One process at a time may use a folder. */
export class Store {
  readonly #folder: string
  readonly #buckets = new Map<string, BucketStore>()

  /** Opens the folder, or creates it. */
  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'buckets')
    mkdirSync(this.#folder, { recursive: true })
    for (const name of readdirSync(this.#folder)) {
      if (existsSync(join(this.#folder, name, 'bucket.json'))) {
        this.#buckets.set(name, BucketStore.open(join(this.#folder, name)))
      }
    }
  }

  /** Buckets by name. */
  buckets(): readonly BucketStore[] {
    return [...this.#buckets.values()].sort((a, b) => compareUtf8(a.record.name, b.record.name))
  }

  /** The bucket, or `undefined`. */
  find(name: string): BucketStore | undefined {
    return this.#buckets.get(name)
  }

  /** The bucket. Throws `NoSuchBucket`. */
  bucket(name: string): BucketStore {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      throw new S3Fault('NoSuchBucket', undefined, [['BucketName', name]])
    }
    return bucket
  }

  /** Makes a bucket; the name has been checked. */
  create(name: string, created: number): BucketStore {
    const bucket = BucketStore.create(join(this.#folder, name), {
      name,
      created,
      encryption: DEFAULT_BUCKET_ENCRYPTION,
      tags: [],
      policy: undefined,
      cors: undefined,
      versioning: undefined,
      acl: PRIVATE_ACL,
      ownership: undefined,
      lock: undefined,
    })
    this.#buckets.set(name, bucket)
    return bucket
  }

  /** Removes a bucket. Throws `NoSuchBucket` or `BucketNotEmpty`. */
  remove(name: string): void {
    const bucket = this.bucket(name)
    if (!bucket.isEmpty) throw new S3Fault('BucketNotEmpty', undefined, [['BucketName', name]])
    bucket.destroy()
    this.#buckets.delete(name)
  }
}
