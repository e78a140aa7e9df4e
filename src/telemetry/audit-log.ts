import { hostname } from 'node:os'
import {
  formatAuditLine,
  formatConfigurationLine,
  formatKeyLine,
  formatSweepLine,
} from './audit-line.ts'
import type { AuditedKey, AuditRecord } from './audit-record.ts'
import { type AuditState, AuditStream, type EvidenceOptions } from './audit-stream.ts'
import type { ConfigurationEvent } from './configuration-event.ts'
import type { LineForwarder } from './line-forwarder.ts'
import { type LineDestination, openLineSink } from './line-sink.ts'
import { LineWriter } from './line-writer.ts'
import type { SweepEvent } from './sweep-event.ts'

/** The options of the audit log. */
export interface AuditLogOptions {
  /**
   * As in the configuration: stdout, or a file to append to; or a descriptor to another process.
   */
  readonly destination: 'stdout' | LineDestination
  /** Limit of buffered bytes while the destination is slow or failing. Default: 16 MiB. */
  readonly bufferBytesMax?: number
  /** Called when new requests must be refused, when lines are lost, and when it works again. */
  readonly onState: (state: AuditState) => void
  /** Lines are chained, and go into files of the trail if that has a folder. */
  readonly evidence?: EvidenceOptions | undefined
  /** Who gets a copy of every line. */
  readonly forwarders?: readonly LineForwarder[]
}

const BUFFER_BYTES_MAX = 16 * 1024 * 1024
const STDOUT = 1

/**
 * The audit log: one JSON line per request, written in batches off the event loop. No line is lost
 * silently: if the destination fails or is too slow, `isAccepting` becomes false. A proxy that then
 * refuses new work (503) still has buffer space for the lines of running requests.
 */
export class AuditLog {
  /** `HOST:PID`: the pod, and the process, which log lines name too. */
  readonly #instance = `${hostname()}:${process.pid}`
  readonly #writer: LineWriter
  /** Undefined: lines are not chained. */
  readonly #stream: AuditStream | undefined
  readonly #isFile: boolean
  readonly #forwarders: readonly LineForwarder[]
  #isHeld = false

  private constructor(
    writer: LineWriter,
    stream: AuditStream | undefined,
    isFile: boolean,
    forwarders: readonly LineForwarder[],
  ) {
    this.#forwarders = forwarders
    this.#writer = writer
    this.#stream = stream
    this.#isFile = isFile
  }

  /** Opens the destination; throws the file system's error. */
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
    return new AuditLog(writer, stream, 'file' in destination, options.forwarders ?? [])
  }

  write(record: AuditRecord): void {
    this.writeLine(formatAuditLine(record, this.#instance))
  }

  writeKey(entry: AuditedKey): void {
    this.writeLine(formatKeyLine(entry, this.#instance))
  }

  writeConfiguration(event: ConfigurationEvent): void {
    this.#writeEvent(formatConfigurationLine(event, this.#instance))
  }

  writeSweep(event: SweepEvent): void {
    this.#writeEvent(formatSweepLine(event, this.#instance))
  }

  #writeEvent(line: string): void {
    this.#forward(line)
    if (this.#stream === undefined) this.#writer.write(line)
    else this.#stream.writeEvent(line)
  }

  /** Writes a line that another process has formatted. */
  writeLine(line: string): void {
    this.#forward(line)
    if (this.#stream === undefined) this.#writer.write(line)
    else this.#stream.write(line)
  }

  #forward(line: string): void {
    for (const forwarder of this.#forwarders) forwarder.push(line)
  }

  /** Resolves when all lines have been written; false if that takes longer, or one is lost. */
  written(deadlineMs: number): Promise<boolean> {
    return this.#writer.written(deadlineMs)
  }

  /** Counts an incomplete line of another process. */
  countLost(): void {
    this.#writer.countLost()
    this.#stream?.noteLost()
  }

  /** Another policy is at work: its hash, as `hashPolicy` gives it. */
  noteReload(policy: string): void {
    this.#stream?.reload(policy)
  }

  /** Set by the process that writes the lines: whether they cannot be written. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
  }

  /** If false, new requests must be refused until lines can be written again. */
  get isAccepting(): boolean {
    return this.#writer.isAccepting && !this.#isHeld && this.#stream?.isWhole !== false
  }

  /** Copies of lines that no forwarder could deliver. */
  get undeliveredLines(): number {
    return this.#forwarders.reduce((sum, { undeliveredLines }) => sum + undeliveredLines, 0)
  }

  /** Lines dropped since the start. */
  get lostLines(): number {
    return this.#writer.lostLines
  }

  /**
   * Reopens the file after a rotation (SIGHUP); on failure throws and keeps the old one. A trail
   * rotates its own files, so it only checks the current one.
   */
  async reopen(): Promise<void> {
    if (this.#stream?.hasFiles) await this.#stream.inspect()
    else if (this.#isFile) await this.#writer.reopen()
  }

  /** Writes all pending lines; gives up after the time. Returns true if no line is missing. */
  async close(deadlineMs = 5000): Promise<boolean> {
    const written = (this.#stream ?? this.#writer).close(deadlineMs)
    await Promise.all(this.#forwarders.map((forwarder) => forwarder.close(deadlineMs)))
    return written
  }

  /** Writes pending lines, blocking: for the last moment of a crashing process. */
  flushSync(): void {
    ;(this.#stream ?? this.#writer).flushSync()
  }
}
