import type { Readable } from 'node:stream'
import type { AuditLog } from '../telemetry/audit-log.ts'

const LF = 0x0a
/** Far above any real line; a worker that sends more without a line end is faulty. */
const LINE_BYTES_MAX = 1024 * 1024

/**
 * Reads the audit lines of workers from their pipes and passes complete lines to the one writer of
 * the destination. It always reads the pipes, even if the destination accepts no lines: the writer
 * limits how many are buffered.
 */
export class AuditCollector {
  readonly #audit: AuditLog
  #open = 0
  #onEnded: () => void = () => undefined

  constructor(audit: AuditLog) {
    this.#audit = audit
  }

  /** Reads one worker's pipe to its end. */
  take(pipe: Readable): void {
    let begun: Buffer = Buffer.alloc(0)
    this.#open++
    pipe.on('data', (chunk: Buffer) => {
      const bytes = begun.length === 0 ? chunk : Buffer.concat([begun, chunk])
      const end = bytes.lastIndexOf(LF) + 1
      this.#hand(bytes.toString('utf8', 0, end))
      begun = bytes.subarray(end)
      if (begun.length > LINE_BYTES_MAX) pipe.destroy()
    })
    // The `close` event follows.
    pipe.on('error', () => undefined)
    pipe.on('close', () => {
      // The worker died in the middle of a line.
      if (begun.length > 0) this.#audit.countLost()
      this.#open--
      if (this.#open === 0) this.#onEnded()
    })
  }

  /** Resolves when all pipes have ended. */
  ended(): Promise<void> {
    if (this.#open === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onEnded = resolve
    })
  }

  /** `lines`: each with its line end. */
  #hand(lines: string): void {
    let from = 0
    for (let at = lines.indexOf('\n'); at !== -1; at = lines.indexOf('\n', from)) {
      this.#audit.writeLine(lines.slice(from, at + 1))
      from = at + 1
    }
  }
}
