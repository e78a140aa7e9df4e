import { hostname } from 'node:os'
import { formatAuditLine, formatConfigurationLine, formatKeyLine } from './audit-line.ts'
import type { AuditedKey, AuditRecord } from './audit-record.ts'
import { type AuditState, AuditStream, type EvidenceOptions } from './audit-stream.ts'
import type { ConfigurationEvent } from './configuration-event.ts'
import { type LineDestination, openLineSink } from './line-sink.ts'
import { LineWriter } from './line-writer.ts'

/** What the audit needs to know. */
export interface AuditLogOptions {
  /** As in the configuration: stdout, or a file to append to; or a descriptor of another process's. */
  readonly destination: 'stdout' | LineDestination
  /** Bytes kept while the destination is slow or failing. Default: 16 MiB. */
  readonly bufferBytesMax?: number
  /** Told when new requests are to be refused, when lines are lost, and when it works again. */
  readonly onState: (state: AuditState) => void
  /** Lines are chained, and go into files of the trail if that has a folder. */
  readonly evidence?: EvidenceOptions | undefined
}

const BUFFER_BYTES_MAX = 16 * 1024 * 1024
const STDOUT = 1

/**
 * The audit: one JSON line a request. Lines are written in batches off the event loop. Nothing is
 * lost silently: where the destination fails or does not keep up, `isAccepting` turns false, and a
 * proxy that then refuses new work (503) has room for the lines of what is under way.
 */
export class AuditLog {
  /** `HOST:PID`: the pod, and the process that the log's lines name too. */
  readonly #instance = `${hostname()}:${process.pid}`
  readonly #writer: LineWriter
  /** Undefined: lines are not chained. */
  readonly #stream: AuditStream | undefined
  readonly #isFile: boolean
  #isHeld = false

  private constructor(writer: LineWriter, stream: AuditStream | undefined, isFile: boolean) {
    this.#writer = writer
    this.#stream = stream
    this.#isFile = isFile
  }

  /** Opens the destination; throws what the file system says. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const destination =
      options.destination === 'stdout' ? { descriptor: STDOUT } : options.destination
    const { evidence, onState } = options
    const shared = {
      openSink: () => openLineSink(destination),
      bufferBytesMax: options.bufferBytesMax ?? BUFFER_BYTES_MAX,
      onState,
    }
    const stream = evidence && (await AuditStream.open({ ...shared, evidence }))
    const writer = stream?.writer ?? (await LineWriter.open(shared))
    return new AuditLog(writer, stream, 'file' in destination)
  }

  write(record: AuditRecord): void {
    this.writeLine(formatAuditLine(record, this.#instance))
  }

  writeKey(entry: AuditedKey): void {
    this.writeLine(formatKeyLine(entry, this.#instance))
  }

  writeConfiguration(event: ConfigurationEvent): void {
    const line = formatConfigurationLine(event, this.#instance)
    if (this.#stream === undefined) this.#writer.write(line)
    else this.#stream.writeEvent(line)
  }

  /** Takes a line of another process's, formatted there. */
  writeLine(line: string): void {
    if (this.#stream === undefined) this.#writer.write(line)
    else this.#stream.write(line)
  }

  /** Counts a line of another process's that did not come whole. */
  countLost(): void {
    this.#writer.countLost()
    this.#stream?.noteLost()
  }

  /** Another policy is at work: its hash, as `hashPolicy` gives it. */
  noteReload(policy: string): void {
    this.#stream?.reload(policy)
  }

  /** Whoever writes the lines in the end says whether they can be written. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
  }

  /** False: refuse new requests until lines can be written again. */
  get isAccepting(): boolean {
    return this.#writer.isAccepting && !this.#isHeld && this.#stream?.isWhole !== false
  }

  /** Lines dropped since the start. */
  get lostLines(): number {
    return this.#writer.lostLines
  }

  /**
   * Opens the file anew, after a rotation (SIGHUP); throws where that fails and keeps the old one. A
   * trail's files end by themselves: it is only looked at what became of the present one.
   */
  async reopen(): Promise<void> {
    if (this.#stream?.hasFiles) await this.#stream.inspect()
    else if (this.#isFile) await this.#writer.reopen()
  }

  /** Writes all that is pending; gives up after the time. True: no line is missing. */
  close(deadlineMs = 5000): Promise<boolean> {
    return (this.#stream ?? this.#writer).close(deadlineMs)
  }

  /** Writes what is pending, blocking: for the last moment of a crashing process. */
  flushSync(): void {
    ;(this.#stream ?? this.#writer).flushSync()
  }
}
