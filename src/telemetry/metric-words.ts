import { EGRESS_REASONS, type Reason, S3_REASONS, UPSTREAM_REASONS } from '../s3/reasons.ts'

/*
 * The closed sets of labels. A series for each word is there from the first scrape, with 0: of one that
 * begins with 1, Prometheus' increase() and rate() would not see the first event.
 *
 * Source: https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
 */

/**
 * The effect on an upload's encryption headers; in mode observe, the effect that `enforce` would
 * have.
 */
export const ENCRYPTION_ACTIONS = [
  'added',
  'overridden',
  'unchanged',
  'exempt',
  'refused',
  'would-add',
  'would-override',
  'would-keep',
  'would-exempt',
  'would-refuse',
] as const
export type CountedAction = (typeof ENCRYPTION_ACTIONS)[number]

/** S3's confirmation of an upload's encryption. */
export const CONFIRMATION_RESULTS = ['confirmed', 'missing', 'mismatched'] as const

/**
 * How an object was written: S3 confirmed the policy's encryption; a rule exempts it; mode observe;
 * S3 did not confirm, or named other encryption.
 */
export const WRITE_OUTCOMES = ['sealed', 'exempt', 'observed', 'unconfirmed'] as const
export type WriteOutcome = (typeof WRITE_OUTCOMES)[number]

/** What the guards of a rule made of a request; in mode observe, what they would make of it. */
const GUARD_OUTCOMES = ['passed', 'refused', 'would-pass', 'would-refuse'] as const
export type GuardOutcome = (typeof GUARD_OUTCOMES)[number]

/** The encryption of a read object. */
export const READ_ENCRYPTIONS = ['policy', 'other-key', 'sse-s3', 'none'] as const

interface RequestWordMetric {
  /** The field of the measurement whose word is counted. */
  readonly field: string
  readonly name: string
  readonly help: string
  readonly label: string
  readonly words: readonly string[]
}

/** The counters of a word that a request may have; a row is all that a new one needs. */
export const REQUEST_WORDS = [
  {
    field: 'write',
    name: 'sealgate_object_writes_total',
    help: 'Objects written, by outcome.',
    label: 'outcome',
    words: WRITE_OUTCOMES,
  },
  {
    field: 'read',
    name: 'sealgate_reads_total',
    help: 'Objects read, by their encryption.',
    label: 'encryption',
    words: READ_ENCRYPTIONS,
  },
  {
    field: 'guards',
    name: 'sealgate_guards_total',
    help: 'Requests that the guards of a rule judged, by result.',
    label: 'result',
    words: GUARD_OUTCOMES,
  },
] as const satisfies readonly RequestWordMetric[]

/** The words of one request; undefined: nothing to count. */
export type RequestWords = {
  readonly [M in (typeof REQUEST_WORDS)[number] as M['field']]?: M['words'][number] | undefined
}

/**
 * How an attempt to reach S3 failed; the last one: S3 answered 200 and later reported a failure.
 */
export const UPSTREAM_ERROR_KINDS = [
  'dns',
  'connect',
  'tls',
  'timeout',
  'reset',
  'aborted',
  'error-in-200',
] as const

export const RELOAD_RESULTS = ['success', 'failure'] as const

/** The reasons of Sealgate's refusals. */
export const REFUSAL_REASONS: readonly Reason[] = [
  ...S3_REASONS.flatMap(({ reasons }) => reasons),
  ...EGRESS_REASONS.flatMap(({ reasons }) => reasons),
  ...UPSTREAM_REASONS,
]

/** The results of reading the keys of an issuer. */
export const KEY_SET_RESULTS = ['success', 'failure'] as const
