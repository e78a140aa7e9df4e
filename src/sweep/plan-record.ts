import { z } from 'zod'
import { type Classification, LOSSES, OBJECT_CLASSES, type ObjectState } from './object-version.ts'

/** What a plan is about. */
interface PlanScope {
  readonly buckets: readonly string[]
  /** Empty: all keys. */
  readonly prefix: string
  readonly versions: 'current' | 'all'
  /** `list`, or `inventory:FILE`, … */
  readonly source: string
  /** The client whose uploads decide on rules that match by client. */
  readonly as: string | null
}

/** The first record of a plan, and of each process that went on with it. */
export interface PlanOpening {
  readonly journal: 'plan'
  readonly version: string
  /** The absolute path of the configuration. */
  readonly config: string
  /** The policy's hash, as the audit trail names it. */
  readonly policy: string
  /** Where S3 is: a plan of one server says nothing of another. */
  readonly endpoint: string
  readonly scope: PlanScope
}

/** A version and what is to be done with it. */
export interface PlannedVersion {
  /** 0, 1, 2 … over the whole plan. */
  readonly n: number
  readonly state: ObjectState
  readonly classification: Classification
  /** The rule that decided; undefined: none. */
  readonly rule: string | undefined
}

/** The end of a page of a source; the plan goes on behind it. */
export interface PageRecord {
  readonly record: 'page'
  readonly bucket: string
  /** Where the source goes on; null: the bucket is complete. */
  readonly next: unknown
  /** Versions planned so far. */
  readonly planned: number
  readonly deleteMarkers: number
  /** Keys that requests cannot name, percent-encoded. */
  readonly unreadable: readonly string[]
}

/** The record of a planned version. */
export function plannedRecord({ n, state, classification, rule }: PlannedVersion) {
  return { record: 'planned', n, state, ...classification, rule } as const
}

/** Parses the fields of a `planned` record; undefined if they are not one. */
export function parsePlanned(fields: object): PlannedVersion | undefined {
  const parsed = PLANNED.safeParse(fields)
  if (!parsed.success) return undefined
  const { n, state, class: name, reason, way, rule } = parsed.data
  return { n, state: stateOf(state), classification: { class: name, reason, way }, rule }
}

/** Parses the first record of a plan; undefined if it is of another journal. */
export function parseOpening(fields: object): PlanOpening | undefined {
  const parsed = OPENING.safeParse(fields)
  return parsed.success ? parsed.data : undefined
}

export function parsePage(fields: object): PageRecord | undefined {
  const parsed = PAGE.safeParse(fields)
  return parsed.success ? parsed.data : undefined
}

const LOCK = z.object({
  retention: z.object({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), until: z.string() }).optional(),
  hasLegalHold: z.boolean(),
  hasEventHold: z.boolean(),
})

/** An `ObjectEncryption` in a journal. */
export const ENCRYPTION = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('sse-s3') }),
  z.object({
    kind: z.literal('sse-kms'),
    algorithm: z.enum(['aws:kms', 'aws:kms:dsse']),
    keyId: z.string(),
    bucketKey: z.boolean(),
  }),
  z.object({ kind: z.literal('customer-key') }),
  z.object({ kind: z.literal('service'), algorithm: z.string() }),
  z.object({ kind: z.literal('unknown') }),
])

const STATE = z.object({
  version: z.object({ bucket: z.string(), key: z.string(), versionId: z.string().optional() }),
  isCurrent: z.boolean(),
  etag: z.string(),
  bytes: z.number(),
  lastModified: z.string(),
  storageClass: z.string(),
  isArchived: z.boolean(),
  encryption: ENCRYPTION,
  lock: LOCK,
})

const WAY = z.object({
  method: z.enum(['update', 'copy', 'multipart-copy']),
  losses: z.array(z.enum(LOSSES)),
})

const PLANNED = z.object({
  record: z.literal('planned'),
  n: z.number(),
  state: STATE,
  class: z.enum(OBJECT_CLASSES),
  reason: z.string().optional(),
  way: WAY.optional(),
  rule: z.string().optional(),
})

const OPENING = z.object({
  journal: z.literal('plan'),
  version: z.string(),
  config: z.string(),
  policy: z.string(),
  endpoint: z.string(),
  scope: z.object({
    buckets: z.array(z.string()),
    prefix: z.string(),
    versions: z.enum(['current', 'all']),
    source: z.string(),
    as: z.string().nullable(),
  }),
})

const PAGE = z.object({
  record: z.literal('page'),
  bucket: z.string(),
  next: z.unknown(),
  planned: z.number(),
  deleteMarkers: z.number(),
  unreadable: z.array(z.string()),
})

/** JSON has no undefined: what is left out is put back. */
function stateOf(parsed: z.infer<typeof STATE>): ObjectState {
  const { version, lock } = parsed
  return {
    ...parsed,
    version: { ...version, versionId: version.versionId },
    lock: { ...lock, retention: lock.retention },
  }
}
