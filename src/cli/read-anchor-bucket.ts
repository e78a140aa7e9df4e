import { setTimeout as sleep } from 'node:timers/promises'
import { failure, ok, type Result } from '../base/result.ts'
import { type ListingPosition, listPage } from '../sweep/listing.ts'
import { askS3, describeReply, type S3Link, type S3Question } from '../sweep/s3-request.ts'
import type { AnchoredNote } from '../trail/anchor-folder.ts'

/** Where checkpoints are in S3. */
export interface AnchorPlace {
  readonly bucket: string
  /** What keys begin with; may be empty. */
  readonly prefix: string
}

/** Checkpoints that are read at once. */
const READS = 16
/** Limit of versions: a checkpoint a minute for nine years. */
const VERSIONS_MAX = 5_000_000
/** Pauses after an answer that may be another one next time. */
const PAUSES_MS = [250, 1000, 4000] as const

/**
 * Reads every version of every checkpoint below a prefix: keys that end in a size of 20 digits. Not only the
 * newest version, because whoever may write there can put another one over a checkpoint, or a delete marker;
 * with Object Lock the former version stays. `pageEntries`: versions of one listing.
 */
export async function readAnchorBucket(
  link: S3Link,
  place: AnchorPlace,
  pageEntries?: number,
): Promise<Result<readonly AnchoredNote[], string>> {
  const versions = await listVersions(link, place, pageEntries)
  if (!versions.ok) return versions
  const notes: AnchoredNote[] = []
  let problem: string | undefined
  let next = 0
  const readNext = async (): Promise<void> => {
    for (;;) {
      const index = next++
      const version = versions.value[index]
      if (version === undefined || problem !== undefined) return
      const { key, versionId } = version
      const source = `s3://${place.bucket}/${key}?versionId=${versionId}`
      const query = [{ name: 'versionId', value: versionId }]
      const note = await read(link, { method: 'GET', bucket: place.bucket, key, query })
      if (note.ok) notes[index] = { note: note.value, source }
      else problem ??= `${source}: ${note.error}`
    }
  }
  await Promise.all(Array.from({ length: READS }, readNext))
  return problem === undefined ? ok(notes) : failure(problem)
}

interface Version {
  readonly key: string
  /** `null` in a bucket that never had versions. */
  readonly versionId: string
}

async function listVersions(
  link: S3Link,
  { bucket, prefix }: AnchorPlace,
  pageEntries: number | undefined,
): Promise<Result<readonly Version[], string>> {
  const failed = (why: string) => failure(`the versions of s3://${bucket}/${prefix}: ${why}`)
  const versions: Version[] = []
  let from: ListingPosition | undefined
  for (;;) {
    const page = await listPage(link, { bucket, prefix, versions: 'all' }, from, pageEntries)
    if (!page.ok) return failed(page.error)
    for (const { kind, key, versionId = 'null' } of page.value.entries) {
      if (kind === 'object' && /(?:^|\/)\d{20}$/.test(key)) versions.push({ key, versionId })
    }
    from = page.value.next
    if (from === undefined) return ok(versions)
    if (versions.length > VERSIONS_MAX) return failed(`more than ${VERSIONS_MAX}`)
  }
}

async function read(link: S3Link, question: S3Question): Promise<Result<Buffer, string>> {
  for (let attempt = 0; ; attempt++) {
    const reply = await askS3(link, question)
    if (reply.kind === 'answer') return ok(reply.body)
    const mayPass = reply.kind === 'unanswered' || reply.status >= 500
    const pauseMs = mayPass ? PAUSES_MS[attempt] : undefined
    if (pauseMs === undefined) return failure(describeReply(reply))
    await sleep(pauseMs)
  }
}
