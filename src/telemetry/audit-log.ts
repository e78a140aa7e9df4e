import { hostname } from 'node:os'
import { formatAuditLine, formatConfigurationLine } from './audit-line.ts'
import type { AuditRecord } from './audit-record.ts'
import type { ConfigurationEvent } from './configuration-event.ts'
import { type LineDestination, openLineSink } from './line-sink.ts'
import { LineWriter, type LineWriterState } from './line-writer.ts'

/** What the audit needs to know. */
export interface AuditLogOptions {
  /** As in the configuration: stdout, or a file to append to; or a descriptor of another process's. */
  readonly destination: 'stdout' | LineDestination
  /** Bytes kept while the destination is slow or failing. Default: 16 MiB. */
  readonly bufferBytesMax?: number
  /** Told when new requests are to be refused, when lines are lost, and when it works again. */
  readonly onState: (state: LineWriterState) => void
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
  readonly #isFile: boolean
  #isHeld = false

  private constructor(writer: LineWriter, isFile: boolean) {
    this.#writer = writer
    this.#isFile = isFile
  }

  /** Opens the destination; throws what the file system says. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const destination =
      options.destination === 'stdout' ? { descriptor: STDOUT } : options.destination
    const writer = await LineWriter.open({
      openSink: () => openLineSink(destination),
      bufferBytesMax: options.bufferBytesMax ?? BUFFER_BYTES_MAX,
      onState: options.onState,
    })
    return new AuditLog(writer, 'file' in destination)
  }

  write(record: AuditRecord): void {
    this.#writer.write(formatAuditLine(record, this.#instance))
  }

  writeConfiguration(event: ConfigurationEvent): void {
    this.#writer.write(formatConfigurationLine(event, this.#instance))
  }

  /** Takes a line of another process's, formatted there. */
  writeLine(line: string): void {
    this.#writer.write(line)
  }

  /** Counts a line of another process's that did not come whole. */
  countLost(): void {
    this.#writer.countLost()
  }

  /** Whoever writes the lines in the end says whether they can be written. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
  }

  /** False: refuse new requests until lines can be written again. */
  get isAccepting(): boolean {
    return this.#writer.isAccepting && !this.#isHeld
  }

  /** Lines dropped since the start. */
  get lostLines(): number {
    return this.#writer.lostLines
  }

  /** Opens the file anew, after a rotation (SIGHUP); throws where that fails and keeps the old one. */
  async reopen(): Promise<void> {
    if (this.#isFile) await this.#writer.reopen()
  }

  /** Writes all that is pending; gives up after the time. True: no line is missing. */
  close(deadlineMs = 5000): Promise<boolean> {
    return this.#writer.close(deadlineMs)
  }

  /** Writes what is pending, blocking: for the last moment of a crashing process. */
  flushSync(): void {
    this.#writer.flushSync()
  }
}
