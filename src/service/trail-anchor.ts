import type { Log } from '../telemetry/log.ts'
import { registerSource, singleValue } from '../telemetry/metric-series.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** A checkpoint on its way to its anchor. */
interface AnchoredCheckpoint {
  readonly origin: string
  readonly size: number
  readonly note: Uint8Array
}

/** Where checkpoints are kept by somebody else. */
export interface AnchorTarget {
  /** Keeps the checkpoint under this name, which no other ever has; gives what is wrong, or undefined. */
  keep(name: string, note: Uint8Array): Promise<string | undefined>
  close(): Promise<void>
}

/** After a failure. */
const RETRY_MS = 10_000
const SIZE_DIGITS = 20

/**
 * Hands checkpoints to their anchor, one at a time. While it is down, only the newest waits: each
 * checkpoint covers all before it.
 */
export class TrailAnchor {
  readonly #target: AnchorTarget
  readonly #log: Log
  #waiting: AnchoredCheckpoint | undefined
  #running: Promise<void> | undefined
  #retry: NodeJS.Timeout | undefined
  #problem: string | undefined
  #anchoredAtMs = Date.now()

  constructor(target: AnchorTarget, log: Log, metrics: Metrics) {
    this.#target = target
    this.#log = log
    registerSource(metrics.registry, {
      name: 'sealgate_evidence_anchor_age_seconds',
      help: 'Time since a checkpoint of the audit trail was last anchored, or since the start.',
      type: 'gauge',
      aggregator: 'sum',
      values: () => singleValue((Date.now() - this.#anchoredAtMs) / 1000),
    })
  }

  /** Whether a checkpoint is not anchored yet. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined
  }

  take(checkpoint: AnchoredCheckpoint): void {
    this.#waiting = checkpoint
    this.#run()
  }

  /** Ends when what waits is anchored, or cannot be now. */
  async close(): Promise<void> {
    if (this.#retry !== undefined) {
      clearTimeout(this.#retry)
      this.#retry = undefined
      this.#run()
    }
    await this.#running
    clearTimeout(this.#retry)
    await this.#target.close()
  }

  #run(): void {
    if (this.#running !== undefined || this.#retry !== undefined) return
    this.#running = this.#sendAll().finally(() => {
      this.#running = undefined
    })
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const checkpoint = this.#waiting
      if (checkpoint === undefined) return
      const problem = await this.#send(checkpoint)
      if (problem === undefined) {
        if (this.#waiting === checkpoint) this.#waiting = undefined
        this.#anchoredAtMs = Date.now()
        this.#problem = undefined
        continue
      }
      if (problem !== this.#problem) {
        this.#log.error({ problem, size: checkpoint.size }, 'cannot anchor the audit trail')
      }
      this.#problem = problem
      this.#retry = setTimeout(() => {
        this.#retry = undefined
        this.#run()
      }, RETRY_MS).unref()
      return
    }
  }

  async #send({ origin, size, note }: AnchoredCheckpoint): Promise<string | undefined> {
    const name = `${origin}/${String(size).padStart(SIZE_DIGITS, '0')}`
    try {
      return await this.#target.keep(name, note)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}
