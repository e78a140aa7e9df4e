import { createHash, randomBytes } from 'node:crypto'
import type { HeaderList } from '../../src/base/header-list.ts'
import {
  exampleKeyArn,
  type InspectedObject,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'
import { askS3, type S3Link, type S3Question } from '../../src/sweep/s3-request.ts'
import { openLink } from './s3-link.ts'

export const KEY = exampleKeyArn('us-east-1')
export const OLD_KEY = KEY.replace(/[^/]+$/, 'ffffffff-12ab-34cd-56ef-1234567890ab')
const LOST_KEY = KEY.replace(/[^/]+$/, '00000000-12ab-34cd-56ef-1234567890ab')

export const BUCKETS = ['versioned', 'locked', 'suspended', 'plain'] as const

type Bucket = (typeof BUCKETS)[number]

/** Rounds that are filled at the same time. */
const PARALLEL = 8

/** The policy of the proof. */
export const RULES = [
  { name: 'logs', match: { keys: ['exempt/*'] }, exempt: 'written by a service' },
  {
    name: 'team',
    match: { keys: ['team/*'], clients: ['team'] },
    encrypt: { keyId: OLD_KEY },
  },
  {
    name: 'dual',
    match: { keys: ['dual/*'] },
    encrypt: { algorithm: 'aws:kms:dsse', keyId: KEY },
  },
  { name: 'all', encrypt: { keyId: KEY, bucketKey: true } },
]

/** Everything that a sweep must not change. Of each version, by its name. */
export type Population = ReadonlyMap<string, InspectedObject>

export function sandboxOptions(dataDir: string): SandboxOptions {
  const kmsKeys = [KEY, OLD_KEY, LOST_KEY].map((arn) => ({ arn, state: 'enabled' }) as const)
  return { dataDir, kmsKeys }
}

/**
 * Fills four buckets with so many rounds of objects: every class of a sweep, each with properties, in
 * buckets with versions, with Object Lock, with versions suspended, and without.
 */
export async function fillBuckets(dataDir: string, rounds: number): Promise<void> {
  // CopyObject under a KMS key stores without encryption here, as objects from before 2023 are.
  const s3 = await startSandbox({ ...sandboxOptions(dataDir), quirks: { silentCopy: true } })
  const link = openLink(s3.port)
  try {
    for (const bucket of BUCKETS) await createBucket(link, bucket)
    await inGroups(rounds, (round) => fillRound(link, round))
    await send(link, { method: 'PUT', bucket: 'suspended', ...versioning('Suspended') })
    await inGroups(rounds, (round) => putNull(link, `null/${round}`, round))
  } finally {
    await link.close()
    await s3.close()
  }
}

/** All versions of all buckets, as they are. */
export function populationOf(s3: Sandbox): Population {
  const population = new Map<string, InspectedObject>()
  for (const bucket of BUCKETS) {
    for (const { key, versionId, isDeleteMarker } of s3.versions(bucket)) {
      if (isDeleteMarker) continue
      const object = s3.inspect(bucket, key, versionId)
      if (object !== undefined) population.set(`${bucket}\n${key}\n${versionId}`, object)
    }
  }
  return population
}

/** The properties of an object that stay by every method. */
export function lastingProperties(object: InspectedObject): unknown {
  const { size, metadata, headers, tags, grants, retention, legalHold, annotations, parts } = object
  return { size, metadata, headers, tags, grants, retention, legalHold, annotations, parts }
}

/** Some rounds at the same time: more would wait too long for a connection. */
async function inGroups(rounds: number, fill: (round: number) => Promise<void>): Promise<void> {
  for (let first = 0; first < rounds; first += PARALLEL) {
    const group = Array.from({ length: Math.min(PARALLEL, rounds - first) }, (_, i) => first + i)
    await Promise.all(group.map(fill))
  }
}

async function createBucket(link: S3Link, bucket: Bucket): Promise<void> {
  const fields = bucket === 'locked' ? ['x-amz-bucket-object-lock-enabled', 'true'] : []
  await send(link, { method: 'PUT', bucket, fields })
  if (bucket === 'versioned') await send(link, { method: 'PUT', bucket, ...versioning('Enabled') })
  // What is there before versioning is enabled has the version id null.
  if (bucket === 'suspended') {
    await putNull(link, 'old', 0)
    await send(link, { method: 'PUT', bucket, ...versioning('Enabled') })
    // A copy would be the version null, and remove the one that is there.
    await putObject(link, bucket, 'old', under(OLD_KEY, 'aws:kms:dsse'))
  }
}

/** One round: about 44 versions. */
async function fillRound(link: S3Link, round: number): Promise<void> {
  for (const bucket of BUCKETS) {
    const all = { link, bucket, round }
    await putPlain(all)
    await putSome(all)
    if (bucket === 'versioned' || bucket === 'suspended') await putVersions(all)
    if (bucket === 'locked') await putLocked(all)
  }
}

interface Round {
  readonly link: S3Link
  readonly bucket: Bucket
  readonly round: number
}

/** Every fifth key has what XML, URLs and JavaScript treat in their own way. */
function keyOf(name: string, round: number): string {
  return `${name}/${round}${round % 5 === 0 ? ' ü+%2F&<\u{1f511}' : ''}`
}

function put({ link, bucket, round }: Round, name: string, fields: HeaderList = []): Promise<void> {
  return putObject(link, bucket, keyOf(name, round), [...properties(round), ...fields])
}

async function putPlain(round: Round): Promise<void> {
  await put(round, 's3')
  await put(round, 'other', under(OLD_KEY))
  await put(round, 'sealed', [...under(KEY), BUCKET_KEY, 'true'])
  await put(round, 'source-dual', under(OLD_KEY, 'aws:kms:dsse'))
  await put(round, 'exempt')
  // Without encryption, by the quirk.
  await put(round, 'none')
  await copyWithoutEncryption(round.link, round.bucket, keyOf('none', round.round))
}

/** What not every round has. */
async function putSome(all: Round): Promise<void> {
  const { link, bucket, round } = all
  if (round % 2 === 0) await put(all, 'dual', under(OLD_KEY))
  if (round % 3 === 0) await put(all, 'team')
  if (round % 4 === 0) await put(all, 'archived', ['x-amz-storage-class', 'GLACIER'])
  if (round % 4 === 1) await put(all, 'dual/archived', ['x-amz-storage-class', 'DEEP_ARCHIVE'])
  if (round % 4 === 2) await put(all, 'customer', customerKey())
  if (round % 10 === 0) await putAnnotated(link, bucket, keyOf('annotated', round))
  if (round % 200 === 0) await putParts(link, bucket, keyOf('dual/parts', round))
}

async function putVersions(all: Round): Promise<void> {
  const { link, bucket, round } = all
  await put(all, 'many')
  await put(all, 'many', under(OLD_KEY))
  await put(all, 'many', under(LOST_KEY, 'aws:kms:dsse'))
  if (round % 2 === 0) await send(link, { method: 'DELETE', bucket, key: keyOf('many', round) })
}

async function putLocked(all: Round): Promise<void> {
  const mode = all.round % 2 === 0 ? 'GOVERNANCE' : 'COMPLIANCE'
  const until = ['x-amz-object-lock-mode', mode, RETAIN_UNTIL, '2099-01-01T00:00:00.000Z']
  await put(all, 'retained', until)
  await put(all, 'held', ['x-amz-object-lock-legal-hold', 'ON'])
  await put(all, 'dual/retained', [...until, ...under(OLD_KEY)])
}

const BUCKET_KEY = 'x-amz-server-side-encryption-bucket-key-enabled'
const RETAIN_UNTIL = 'x-amz-object-lock-retain-until-date'

function properties(round: number): HeaderList {
  return [
    'content-type',
    `text/x-${round}`,
    'cache-control',
    `max-age=${round}`,
    'x-amz-meta-round',
    String(round),
    ...(round % 2 === 0 ? ['x-amz-tagging', `round=${round}&a%2Bb=%C3%BC`] : []),
    ...(round % 3 === 0 ? ['x-amz-acl', 'public-read'] : []),
    ...(round % 5 === 0 ? ['x-amz-website-redirect-location', `/${round}`] : []),
  ]
}

function under(keyId: string, algorithm = 'aws:kms'): HeaderList {
  return [
    'x-amz-server-side-encryption',
    algorithm,
    'x-amz-server-side-encryption-aws-kms-key-id',
    keyId,
  ]
}

function customerKey(): HeaderList {
  const prefix = 'x-amz-server-side-encryption-customer-'
  const key = randomBytes(32)
  const md5 = createHash('md5').update(key).digest('base64')
  return [
    `${prefix}algorithm`,
    'AES256',
    `${prefix}key`,
    key.toString('base64'),
    `${prefix}key-md5`,
    md5,
  ]
}

async function putObject(
  link: S3Link,
  bucket: Bucket,
  key: string,
  fields: HeaderList,
): Promise<void> {
  await send(link, { method: 'PUT', bucket, key, fields, body: Buffer.from(`${bucket} ${key}`) })
}

async function putNull(link: S3Link, key: string, round: number): Promise<void> {
  await putObject(link, 'suspended', key, properties(round))
}

async function copyWithoutEncryption(link: S3Link, bucket: Bucket, key: string): Promise<void> {
  const source = `/${bucket}/${encodeURIComponent(key)}`
  const fields = ['x-amz-copy-source', source, ...under(KEY), 'x-amz-acl', 'private']
  await send(link, { method: 'PUT', bucket, key, fields })
}

async function putAnnotated(link: S3Link, bucket: Bucket, key: string): Promise<void> {
  await putObject(link, bucket, key, under(OLD_KEY, 'aws:kms:dsse'))
  const query = [
    { name: 'annotation', value: '' },
    { name: 'annotationName', value: 'note' },
  ]
  await send(link, { method: 'PUT', bucket, key, query, body: Buffer.from(key) })
}

async function putParts(link: S3Link, bucket: Bucket, key: string): Promise<void> {
  const query = [{ name: 'uploads', value: '' }]
  const fields = [...properties(1), ...under(OLD_KEY)]
  const created = await send(link, { method: 'POST', bucket, key, query, fields })
  const [, uploadId = ''] = /<UploadId>([^<]*)/.exec(created) ?? []
  const upload = { name: 'uploadId', value: uploadId }
  for (const number of [1, 2]) {
    const part = [{ name: 'partNumber', value: String(number) }, upload]
    const body = Buffer.alloc(number === 1 ? 5 * 1024 ** 2 : 7, number)
    await send(link, { method: 'PUT', bucket, key, query: part, body, hasChecksum: false })
  }
  const listed = await send(link, { method: 'GET', bucket, key, query: [upload] })
  const etags = [...listed.matchAll(/<ETag>([^<]*)/g)].map(([, etag]) => etag)
  const parts = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  await send(link, { method: 'POST', bucket, key, query: [upload], body, hasChecksum: false })
}

function versioning(status: 'Enabled' | 'Suspended'): Pick<S3Question, 'query' | 'body'> {
  const document = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
  return { query: [{ name: 'versioning', value: '' }], body: Buffer.from(document) }
}

async function send(link: S3Link, question: S3Question): Promise<string> {
  const reply = await askS3(link, question)
  if (reply.kind !== 'answer') {
    throw new Error(`${question.method} ${question.key}: ${JSON.stringify(reply)}`)
  }
  return reply.body.toString()
}
