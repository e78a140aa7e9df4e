import type { ConfigProblem, SocketAddress } from '../config/config.ts'
import type { SnapshotParcel } from '../service/config-snapshot.ts'
import type { ReadinessReport } from '../service/readiness.ts'
import type { DrainReport } from '../service/running-service.ts'
import type { MetricValues } from '../telemetry/merge-metrics.ts'
import type { EmbeddedUpstream } from '../upstream/open-upstream.ts'

/** Where a worker finds the pipe for its audit lines; 3 is node's own. */
export const AUDIT_DESCRIPTOR = 4

/** What a worker is asked by the process that started it. Each gets one answer. */
export type WorkerRequest =
  /** Opens everything but the listeners: `done` or `failed`. */
  | {
      readonly kind: 'open'
      /** Its place among the workers, from 0: one that takes another's place has the same. */
      readonly worker: number
      readonly snapshot: SnapshotParcel
      readonly embedded: EmbeddedUpstream | undefined
    }
  /** Binds: `listening` or `failed`. */
  | { readonly kind: 'listen' }
  /** Opens what a new configuration needs: `done` or `refused`; then `commit` or `abandon` follows. */
  | { readonly kind: 'prepare'; readonly snapshot: SnapshotParcel; readonly keepsUpstream: boolean }
  | { readonly kind: 'commit' }
  | { readonly kind: 'abandon' }
  /** Whether the audit cannot be written: `done`. */
  | { readonly kind: 'hold-audit'; readonly isHeld: boolean }
  /** Looks at its own audit file, or opens it anew: `done`. */
  | { readonly kind: 'reopen-audit' }
  | { readonly kind: 'metrics' }
  | { readonly kind: 'readiness' }
  /** Stops: `drained`, and then it ends. */
  | { readonly kind: 'drain' }

/** The answer. */
export type WorkerAnswer =
  /** Number 0, unasked: the worker listens to requests from now on; earlier ones would be lost. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'done' }
  /** It cannot start: what to tell the operator. */
  | { readonly kind: 'failed'; readonly problem: ConfigProblem }
  | { readonly kind: 'listening'; readonly addresses: readonly SocketAddress[] }
  | { readonly kind: 'refused'; readonly problems: readonly ConfigProblem[] }
  | { readonly kind: 'metrics'; readonly metrics: readonly MetricValues[] }
  | { readonly kind: 'readiness'; readonly readiness: ReadinessReport }
  | { readonly kind: 'drained'; readonly report: DrainReport }

/** A request or an answer on its way; the answer bears the request's number. */
export interface Envelope<T> {
  readonly sealgate: number
  readonly body: T
}

/** Tells ours from what node:cluster sends itself. Both ends are this program, so no more is checked. */
export function isEnvelope<T>(message: unknown): message is Envelope<T> {
  return typeof message === 'object' && message !== null && 'sealgate' in message
}
