import { z } from 'zod'
import { ok, type Result } from '../base/result.ts'
import { type ListingPosition, listPage } from './listing.ts'
import type { S3Link } from './s3-request.ts'

/** Where a plan gets the names of versions from. */
export interface ObjectSource {
  /** Reads the page behind a position of a former page; undefined: the first. Fails with words for people. */
  readPage(bucket: string, from: unknown): Promise<Result<SourcePage, string>>
}

/** Some versions of one bucket. */
export interface SourcePage {
  readonly entries: readonly SourceEntry[]
  readonly deleteMarkers: number
  /** Keys that requests cannot name, percent-encoded. */
  readonly unreadable: readonly string[]
  /** JSON; undefined: this is the last page. */
  readonly next: unknown
}

/** A version as the source names it; HEAD says what it is. */
export interface SourceEntry {
  /** Decoded. */
  readonly key: string
  /** Undefined: the current version. */
  readonly versionId: string | undefined
  readonly isCurrent: boolean
  /** With its quotes. */
  readonly etag: string
  readonly bytes: number
  /** ISO 8601. */
  readonly lastModified: string
  readonly storageClass: string
}

const POSITION = z.object({ key: z.string(), versionId: z.string().optional() })

/** ListObjectsV2 or ListObjectVersions. */
export class ListSource implements ObjectSource {
  readonly #link: S3Link
  readonly #prefix: string
  readonly #versions: 'current' | 'all'

  constructor(link: S3Link, prefix: string, versions: 'current' | 'all') {
    this.#link = link
    this.#prefix = prefix
    this.#versions = versions
  }

  async readPage(bucket: string, from: unknown): Promise<Result<SourcePage, string>> {
    const scope = { bucket, prefix: this.#prefix, versions: this.#versions }
    const page = await listPage(this.#link, scope, positionOf(from))
    if (!page.ok) return page
    const { entries, unreadable, next } = page.value
    const objects = entries.filter(({ kind }) => kind === 'object')
    return ok({
      entries: objects.map(({ key, versionId, isLatest, etag, sizeBytes, ...rest }) => ({
        key,
        versionId,
        isCurrent: isLatest,
        etag,
        bytes: sizeBytes,
        lastModified: rest.lastModified,
        storageClass: rest.storageClass === '' ? 'STANDARD' : rest.storageClass,
      })),
      deleteMarkers: entries.length - objects.length,
      unreadable,
      next,
    })
  }
}

function positionOf(from: unknown): ListingPosition | undefined {
  const parsed = POSITION.safeParse(from)
  if (!parsed.success) return undefined
  return { key: parsed.data.key, versionId: parsed.data.versionId }
}
