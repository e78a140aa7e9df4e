import { Worker } from 'node:worker_threads'
import { settledWithin } from '../base/settled-within.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import { registerSource, singleValue } from '../telemetry/metric-series.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { SealMessage, SealThreadData } from '../trail/seal-messages.ts'

const THREAD = new URL('../trail/seal-thread.js', import.meta.url)
/** For the last checkpoint. */
const STOP_MS = 10_000

/** The sealer of this program's own trail, in a thread of its own. */
export class TrailSealing {
  readonly #log: Log
  readonly #thread: Worker
  readonly #exited: Promise<void>
  #sealedAtMs = Date.now()
  #sealedLines = 0

  private constructor(data: SealThreadData, log: Log, metrics: Metrics) {
    this.#log = log
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

  /** Begins to seal; undefined: the trail has no key here. */
  static start({ audit }: Config, log: Log, metrics: Metrics): TrailSealing | undefined {
    const { evidence } = audit
    if (evidence?.directory === undefined || evidence.key === undefined) return undefined
    const { directory, origin, key, everyMs } = evidence
    const keyFiles = key.previousFile === undefined ? [key.file] : [key.file, key.previousFile]
    return new TrailSealing({ directory, origin, keyFiles, everyMs }, log, metrics)
  }

  /** Signs what is there, and ends. */
  async stop(): Promise<void> {
    this.#thread.postMessage('stop')
    if (await settledWithin(this.#exited, STOP_MS)) return
    this.#log.error('the sealer did not stop: the last lines are not sealed')
    await this.#thread.terminate()
  }

  #take(message: SealMessage): void {
    switch (message.kind) {
      case 'sealed': {
        const { origin, size, root } = message
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
