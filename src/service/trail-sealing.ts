import { Worker } from 'node:worker_threads'
import { ok, type Result } from '../base/result.ts'
import { settledWithin } from '../base/settled-within.ts'
import type { AnchorConfig, ConfigProblem } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import { registerSource, singleValue } from '../telemetry/metric-series.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { SealMessage, SealThreadData } from '../trail/seal-messages.ts'
import { type EmbeddedUpstream, openUpstream } from '../upstream/open-upstream.ts'
import { anchorBucket } from './anchor-bucket.ts'
import { anchorFolder } from './anchor-folder.ts'
import type { ConfigSnapshot } from './config-snapshot.ts'
import { upstreamCa } from './running-service.ts'
import { type AnchorTarget, TrailAnchor } from './trail-anchor.ts'

/** What sealing needs of its process. */
interface SealingOptions {
  readonly snapshot: ConfigSnapshot
  readonly embedded: EmbeddedUpstream | undefined
  readonly log: Log
}

const THREAD = new URL('../trail/seal-thread.js', import.meta.url)
/** For the last checkpoint. */
const STOP_MS = 10_000

/** The sealer of this program's own trail, in a thread of its own. */
export class TrailSealing {
  readonly #log: Log
  readonly #thread: Worker
  readonly #exited: Promise<void>
  readonly #anchor: TrailAnchor | undefined
  #sealedAtMs = Date.now()
  #sealedLines = 0

  private constructor(
    data: SealThreadData,
    anchor: TrailAnchor | undefined,
    log: Log,
    metrics: Metrics,
  ) {
    this.#log = log
    this.#anchor = anchor
    this.#thread = new Worker(THREAD, { workerData: data })
    this.#thread.on('message', (message: SealMessage) => this.#take(message))
    this.#thread.on('error', (err) => log.error({ err }, 'the sealer died'))
    this.#exited = new Promise((resolve) => {
      this.#thread.on('exit', () => resolve())
    })
    registerSource(metrics.registry, {
      name: 'sealgate_evidence_checkpoint_age_seconds',
      help: 'Time since the last checkpoint of the audit trail was signed, or since the start.',
      type: 'gauge',
      aggregator: 'sum',
      values: () => singleValue((Date.now() - this.#sealedAtMs) / 1000),
    })
    registerSource(metrics.registry, {
      name: 'sealgate_evidence_sealed_lines',
      help: 'Lines under the last checkpoint of the audit trail.',
      type: 'gauge',
      aggregator: 'sum',
      values: () => singleValue(this.#sealedLines),
    })
  }

  /**
   * Begins to seal; undefined: the trail has no key here. The failure: the anchor cannot be had, and
   * with what setting that has to do.
   */
  static async start(
    { snapshot, embedded, log }: SealingOptions,
    metrics: Metrics,
  ): Promise<Result<TrailSealing | undefined, ConfigProblem>> {
    const { evidence } = snapshot.config.audit
    if (evidence?.directory === undefined || evidence.key === undefined) return ok(undefined)
    const { directory, origin, key, everyMs } = evidence
    const keyFiles = key.previousFile === undefined ? [key.file] : [key.file, key.previousFile]
    const target = await openTarget(evidence.anchor, { snapshot, embedded, log })
    if (!target.ok) return target
    const anchor = target.value && new TrailAnchor(target.value, log, metrics)
    return ok(new TrailSealing({ directory, origin, keyFiles, everyMs }, anchor, log, metrics))
  }

  /** Signs what is there, and ends. */
  async stop(): Promise<void> {
    this.#thread.postMessage('stop')
    if (!(await settledWithin(this.#exited, STOP_MS))) {
      this.#log.error('the sealer did not stop: the last lines are not sealed')
      await this.#thread.terminate()
    }
    if (this.#anchor !== undefined) await settledWithin(this.#anchor.close(), STOP_MS)
  }

  #take(message: SealMessage): void {
    switch (message.kind) {
      case 'sealed': {
        const { origin, size, root, note } = message
        this.#anchor?.take({ origin, size, note })
        this.#sealedAtMs = Date.now()
        this.#sealedLines = size
        this.#log.info({ origin, size, root }, 'sealed the audit trail')
        return
      }
      case 'set-aside':
        this.#log.error(
          { why: message.why },
          'set the sealed tree of the audit trail aside and began another',
        )
        return
      case 'problem': {
        const { problem, isFinal } = message
        this.#log.error({ problem, isFinal }, 'cannot seal the audit trail')
      }
    }
  }
}

async function openTarget(
  anchor: AnchorConfig | undefined,
  { snapshot, embedded, log }: SealingOptions,
): Promise<Result<AnchorTarget | undefined, ConfigProblem>> {
  if (anchor === undefined) return ok(undefined)
  if (anchor.kind === 'folder') return ok(anchorFolder(anchor.directory))
  const { config } = snapshot
  const upstream = await openUpstream({ config, embedded, ca: upstreamCa(snapshot), log })
  return upstream.ok ? ok(anchorBucket(upstream.value, anchor)) : upstream
}
