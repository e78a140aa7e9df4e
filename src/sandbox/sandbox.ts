import { getHashes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SandboxAccount } from './credential.ts'
import { S3Fault } from './fault.ts'
import { findObject } from './find-version.ts'
import { handleArrival, type SandboxState } from './handle-arrival.ts'
import { createKmsKeys, type KmsKey, type KmsKeyState } from './kms-keys.ts'
import { lastOf, type Quirks } from './quirks.ts'
import type { ObjectRecord } from './records.ts'
import { isBucketName } from './request.ts'
import { createSandboxServer } from './server.ts'
import type { ArchiveStatus } from './storage-class.ts'
import { Store } from './store.ts'

/** The options of a sandbox; all have defaults. */
export interface SandboxOptions {
  /** An address of this machine; `127.0.0.1`. */
  readonly host?: string
  /** 0, the default: any free one. */
  readonly port?: number
  /**
   * Created if it is missing; kept. One process at a time may use it. Left out: a temporary folder
   * that is removed at the end.
   */
  readonly dataDir?: string
  /** `us-east-1`. */
  readonly region?: string
  /** Each may do everything. Left out: {@link EXAMPLE_ACCOUNT}. */
  readonly accounts?: readonly SandboxAccount[]
  /**
   * In addition to the AWS managed key `aws/s3`, which always exists. Default: one enabled key of
   * the region, {@link exampleKeyArn}.
   */
  readonly kmsKeys?: readonly KmsKey[]
  /** Buckets that are created at the start. */
  readonly buckets?: readonly string[]
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** Called for every request, before it is checked. */
  readonly onRequest?: (record: RequestRecord) => void
  readonly quirks?: Quirks
}

/** Published in the documentation: the sandbox is for tests only. */
export const EXAMPLE_ACCOUNT: SandboxAccount = {
  accessKeyId: 'SGSANDBOX00000000001',
  secretAccessKey: 'sandbox-only-secret-do-not-use-elsewhere',
}

/** The KMS key that a sandbox of the region knows if none is named. */
export function exampleKeyArn(region: string): string {
  return `arn:aws:kms:${region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`
}

/** The raw head of a request (latin1 characters). */
export interface RequestRecord {
  readonly method: string
  readonly rawTarget: string
  readonly rawHeaders: readonly string[]
}

/** A running sandbox. */
export interface Sandbox {
  /** `http://<host>:<port>` */
  readonly url: string
  readonly port: number
  readonly region: string
  /** The folder of the objects. */
  readonly dataDir: string
  readonly accounts: readonly SandboxAccount[]
  /** The KMS keys that were there at the start. */
  readonly kmsKeys: readonly KmsKey[]
  /** The ARN of the AWS managed key `aws/s3`. */
  readonly managedKeyArn: string
  /** Returns the stored object under that key, or version of it; `undefined` if there is none. */
  inspect(bucket: string, key: string, versionId?: string): InspectedObject | undefined
  /** The keys of a bucket that have a current object, in order. */
  list(bucket: string): readonly string[]
  /** All versions and delete markers of a bucket: by key, the newest first. */
  versions(bucket: string): readonly InspectedVersion[]
  /** Disables, enables or adds a KMS key. */
  setKeyState(arn: string, state: KmsKeyState): void
  /** Moves an INTELLIGENT_TIERING object to an archive tier, as S3 does after months. */
  archive(bucket: string, key: string, status: ArchiveStatus): void
  /** Cuts all connections and frees the port. The data stays unless its folder was temporary. */
  close(): Promise<void>
}

/** A version of an object, or a delete marker, for tests. */
export interface InspectedVersion {
  readonly key: string
  readonly versionId: string
  readonly isDeleteMarker: boolean
}

/** A stored object, for tests. */
export interface InspectedObject {
  readonly versionId: string
  readonly size: number
  readonly etag: string
  readonly encryption: 'none' | 'AES256' | 'aws:kms' | 'aws:kms:dsse' | 'customer'
  /** The key's ARN. */
  readonly keyId: string | undefined
  /** As given: base64 of a JSON object. */
  readonly context: string | undefined
  readonly bucketKey: boolean
  /** User metadata, names without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
  /** All header fields that are kept with it. */
  readonly headers: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  /** The algorithm and base64 value of its checksum. */
  readonly checksum: { readonly algorithm: string; readonly value: string } | undefined
  /** Milliseconds since 1970. */
  readonly lastModified: number
  /** `PERMISSION id` or `PERMISSION uri`, in the order of the list. */
  readonly grants: readonly string[]
  readonly retention: { readonly mode: string; readonly until: number } | undefined
  readonly legalHold: 'ON' | 'OFF' | undefined
  /** The lengths of its annotations, by name. */
  readonly annotations: Readonly<Record<string, number>>
  /** The sizes of its parts; undefined if it was not uploaded in parts. */
  readonly parts: readonly number[] | undefined
}

/**
 * Starts the embedded S3: a small S3 on local disk, for tests. It behaves like S3 in the areas that
 * Sealgate depends on: signatures (verified with aws4, an implementation that shares no code with
 * Sealgate's own), payload hashes, aws-chunked, checksums, the encryption headers of requests and
 * answers, error codes and texts.
 *
 * Limits: one process per data folder; an index of all versions in memory; no lifecycle,
 * replication or events; nothing is encrypted on disk: the requested encryption is only recorded
 * and returned. docs/sandbox.md lists all limits.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'sealgate-sandbox-')))
  const removeData = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true })
  }
  try {
    return await start(options, dataDir, removeData)
  } catch (error) {
    await removeData()
    throw error
  }
}

async function start(
  options: SandboxOptions,
  dataDir: string,
  removeData: () => Promise<void>,
): Promise<Sandbox> {
  if (!getHashes().includes('md5')) {
    throw new Error('the embedded S3 does not run in FIPS mode: the ETags of S3 are MD5')
  }
  const { host = '127.0.0.1', region = 'us-east-1', accounts = [EXAMPLE_ACCOUNT] } = options
  const { kmsKeys = [{ arn: exampleKeyArn(region), state: 'enabled' }] } = options
  const now = options.now ?? Date.now
  const store = new Store(dataDir)
  for (const name of options.buckets ?? []) {
    if (!isBucketName(name)) throw new Error(`sandbox: "${name}" is no bucket name`)
    if (store.find(name) === undefined) store.create(name, now())
  }
  const quirks = options.quirks ?? {}
  const keys = createKmsKeys(region, kmsKeys, lastOf(quirks.kmsThrottleEvery))
  if (quirks.wrongKey !== undefined) keys.setState(quirks.wrongKey, 'enabled')
  const state: SandboxState = {
    store,
    keys,
    accounts,
    region,
    quirks,
    isConflicting: lastOf(quirks.conflictEvery),
    now,
  }
  const isSlowedDown = lastOf(quirks.slowDownEvery)
  let slowDownsLeft = quirks.slowDown ?? 0
  const server = createSandboxServer((arrival) => {
    options.onRequest?.({
      method: arrival.method,
      rawTarget: arrival.rawTarget,
      rawHeaders: arrival.rawHeaders,
    })
    if (isSlowedDown() || slowDownsLeft-- > 0) {
      return Promise.reject(new S3Fault('SlowDown'))
    }
    return handleArrival(state, arrival)
  })
  server.listen(options.port ?? 0, host)
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    region,
    dataDir,
    accounts,
    kmsKeys,
    managedKeyArn: keys.managedArn,
    inspect(bucketName, key, versionId) {
      const bucket = store.find(bucketName)
      const record =
        versionId === undefined ? bucket?.find(key) : bucket?.findVersion(key, versionId)
      return record?.kind === 'object' ? inspectRecord(record) : undefined
    },
    list(bucketName) {
      const bucket = store.find(bucketName)
      return bucket?.keys().filter((key) => bucket.find(key) !== undefined) ?? []
    },
    versions(bucketName) {
      const bucket = store.find(bucketName)
      const records = bucket?.keys().flatMap((key) => bucket.versions(key)) ?? []
      return records.map(({ key, versionId, kind }) => {
        return { key, versionId, isDeleteMarker: kind === 'delete-marker' }
      })
    },
    archive(bucketName, key, status) {
      const bucket = store.bucket(bucketName)
      const record = findObject(bucket, key, undefined)
      bucket.replace({ ...record, archive: { restoredUntil: undefined, status } })
    },
    setKeyState(arn, keyState) {
      keys.setState(arn, keyState)
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await removeData()
    },
  }
}

function inspectRecord(record: ObjectRecord): InspectedObject {
  const { encryption } = record
  const kms = encryption.kind === 'kms' ? encryption : undefined
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(record.headers)) {
    if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = value
  }
  return {
    versionId: record.versionId,
    size: record.size,
    etag: record.etag,
    encryption:
      kms?.algorithm ?? (encryption.kind === 's3' ? 'AES256' : plainKind(encryption.kind)),
    keyId: kms?.keyArn,
    context: kms?.context,
    bucketKey: kms?.bucketKey ?? false,
    metadata,
    headers: record.headers,
    tags: Object.fromEntries(record.tags),
    checksum: record.checksum,
    lastModified: record.lastModified,
    grants: record.acl.map(({ grantee, permission }) => {
      return `${permission} ${grantee.kind === 'account' ? grantee.id : grantee.uri}`
    }),
    retention: record.lock.retention && {
      mode: record.lock.retention.mode,
      until: record.lock.retention.until,
    },
    legalHold: record.lock.legalHold,
    annotations: Object.fromEntries(record.annotations.map(({ name, size }) => [name, size])),
    parts: record.parts?.map(({ size }) => size),
  }
}

function plainKind(kind: 'none' | 'customer' | 'kms'): 'none' | 'customer' {
  return kind === 'customer' ? 'customer' : 'none'
}
