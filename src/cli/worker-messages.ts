import type { ConfigProblem, SocketAddress } from '../config/config.ts'
import type { SnapshotParcel } from '../service/config-snapshot.ts'
import type { ReadinessReport } from '../service/readiness.ts'
import type { DrainReport } from '../service/running-service.ts'
import type { MetricValues } from '../telemetry/merge-metrics.ts'
import type { EmbeddedUpstream } from '../upstream/open-upstream.ts'

/** The descriptor of a worker's pipe for its audit lines; node uses 3. */
export const AUDIT_DESCRIPTOR = 4

/** A request to a worker from the process that started it. Each gets one answer. */
export type WorkerRequest =
  /** Opens everything except the listeners: `done` or `failed`. */
  | {
      readonly kind: 'open'
      /** Its slot among the workers, from 0; a replacement keeps the slot. */
      readonly worker: number
      readonly snapshot: SnapshotParcel
      readonly embedded: EmbeddedUpstream | undefined
    }
  /** Binds: `listening` or `failed`. */
  | { readonly kind: 'listen' }
  /**
   * Opens the resources of a new configuration: `done` or `refused`; `commit` or `abandon` follows.
   */
  | { readonly kind: 'prepare'; readonly snapshot: SnapshotParcel; readonly keepsUpstream: boolean }
  | { readonly kind: 'commit' }
  | { readonly kind: 'abandon' }
  /** Whether the audit log cannot be written: `done`. */
  | { readonly kind: 'hold-audit'; readonly isHeld: boolean }
  /** Checks or reopens its own audit file: `done`. */
  | { readonly kind: 'reopen-audit' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'readiness' }
  /** Stops: `drained`, then it ends. */
  | { readonly kind: 'drain' }

/** An answer of a worker. */
export type WorkerAnswer =
  /** Number 0, without a request: the worker is ready for requests; earlier ones would be lost. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'done' }
  /** It cannot start; the problem for the operator. */
  | { readonly kind: 'failed'; readonly problem: ConfigProblem }
  | { readonly kind: 'listening'; readonly addresses: readonly SocketAddress[] }
  | { readonly kind: 'refused'; readonly problems: readonly ConfigProblem[] }
  | { readonly kind: 'metrics'; readonly metrics: readonly MetricValues[] }
  | { readonly kind: 'readiness'; readonly readiness: ReadinessReport }
  | { readonly kind: 'drained'; readonly report: DrainReport }

/** A request or answer as sent; the answer has the request's number. */
export interface Envelope<T> {
  readonly sealgate: number
  readonly body: T
}

/**
 * Distinguishes our messages from those of node:cluster. Both ends are this program, so no more is
 * checked.
 */
export function isEnvelope<T>(message: unknown): message is Envelope<T> {
  return typeof message === 'object' && message !== null && 'sealgate' in message
}
