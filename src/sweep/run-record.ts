import { z } from 'zod'
import {
  type AcceptedLoss,
  LOSSES,
  type Method,
  OBJECT_CLASSES,
  type ResealOutcome,
} from './object-version.ts'
import { ENCRYPTION } from './plan-record.ts'

/** The first record of a run, and of each process that went on with it. */
export interface RunOpening {
  readonly journal: 'run'
  readonly version: string
  /** SHA-256 of the plan, hex. */
  readonly plan: string
  readonly method: RunMethod
  readonly accepted: readonly AcceptedLoss[]
}

/** Which ways of a plan a run goes. */
export type RunMethod = 'auto' | 'update' | 'copy'

/** What a run did with a version of the plan. */
export type RunRecord = z.infer<typeof RECORD>

/** How a version ended in a run. */
export type EndRecord = Extract<RunRecord, { record: 'done' | 'skipped' | 'failed' }>

/** How the re-sealing of version `n` ended. `afresh`: it was planned anew, because it had changed. */
export function endRecord(n: number, outcome: Exclude<ResealOutcome, { kind: 'changed' }>) {
  switch (outcome.kind) {
    case 'done': {
      const { method, before, after, upstreamRequestId } = outcome
      return { record: 'done', n, method, before, after, upstreamRequestId } as const
    }
    case 'left':
      return { record: 'skipped', n, ...withoutKind(outcome) } as const
    case 'failed':
      return { record: 'failed', n, ...withoutKind(outcome) } as const
  }
}

/** Parses a record of a run; undefined: it is about the run itself, or unknown. */
export function parseRunRecord(fields: object): RunRecord | undefined {
  const parsed = RECORD.safeParse(fields)
  return parsed.success ? parsed.data : undefined
}

/** The hash of the plan that a run follows; undefined: this is no run. */
export function planOfRun(fields: object): string | undefined {
  const parsed = OPENING.safeParse(fields)
  return parsed.success ? parsed.data.plan : undefined
}

function withoutKind<T extends { readonly kind: string }>({
  kind: _,
  ...rest
}: T): Omit<T, 'kind'> {
  return rest
}

const METHODS = ['update', 'copy', 'multipart-copy'] as const satisfies readonly Method[]

const OPENING = z.object({ journal: z.literal('run'), plan: z.string() })

const VERSION = z.object({
  bucket: z.string(),
  key: z.string(),
  versionId: z.string().optional(),
})

/** What a report shows of a version. */
const SEEN = z.object({
  version: VERSION,
  etag: z.string(),
  bytes: z.number(),
  encryption: ENCRYPTION,
})

const RECORD = z.discriminatedUnion('record', [
  z.object({
    record: z.literal('begun'),
    n: z.number(),
    method: z.enum(METHODS),
    version: VERSION,
    isCurrent: z.boolean(),
    /** As `parseSnapshot` takes it. */
    snapshot: z.unknown(),
  }),
  z.object({ record: z.literal('upload'), n: z.number(), uploadId: z.string() }),
  z.object({
    record: z.literal('done'),
    n: z.number(),
    time: z.string(),
    method: z.enum(METHODS),
    before: SEEN,
    after: SEEN,
    upstreamRequestId: z.string().optional(),
  }),
  z.object({
    record: z.literal('skipped'),
    n: z.number(),
    time: z.string(),
    class: z.enum(OBJECT_CLASSES),
    reason: z.string(),
    needs: z.array(z.enum(LOSSES)),
  }),
  z.object({
    record: z.literal('failed'),
    n: z.number(),
    time: z.string(),
    stage: z.enum(['before', 'request', 'after']),
    code: z.string(),
    message: z.string(),
    differences: z.array(z.string()),
    previous: VERSION.optional(),
    recovery: z.array(z.string()),
  }),
])
