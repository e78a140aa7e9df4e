import { fstatSync } from 'node:fs'
import { formatAuditLine } from './audit-line.ts'
import type { AuditRecord } from './audit-record.ts'
import { LineWriter, type LineWriterState } from './line-writer.ts'

/** What the audit needs to know. */
export interface AuditLogOptions {
  /** As in the configuration: stdout, or a file to append to. */
  readonly destination: 'stdout' | { readonly file: string }
  /** Other processes write to the same stdout: batches then fit what a pipe takes in one piece. */
  readonly isShared?: boolean
  /** Octets kept while the destination is slow or failing. Default: 16 MiB. */
  readonly bufferOctetsMax?: number
  /** Told when writing begins to fail, when lines are lost, and when it works again. */
  readonly onState: (state: LineWriterState) => void
}

const BUFFER_OCTETS_MAX = 16 * 1024 * 1024
const WRITE_OCTETS_MAX = 256 * 1024
/** PIPE_BUF of Linux: writes up to this are never mixed with another process's. Source: pipe(7). */
const PIPE_WRITE_OCTETS_MAX = 4096

/**
 * The audit: one JSON line a request. Lines are written in batches off the event loop. Nothing is
 * lost silently: where the destination does not keep up, `isAccepting` turns false, and a proxy that
 * then refuses new work (503) never fills the other half of the buffer.
 */
export class AuditLog {
  readonly #writer: LineWriter

  private constructor(writer: LineWriter) {
    this.#writer = writer
  }

  /** Opens the destination; throws what the file system says. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { destination } = options
    const isSharedPipe = destination === 'stdout' && options.isShared === true && isPipe(1)
    const writer = await LineWriter.open({
      destination: destination === 'stdout' ? { descriptor: 1 } : destination,
      bufferOctetsMax: options.bufferOctetsMax ?? BUFFER_OCTETS_MAX,
      writeOctetsMax: isSharedPipe ? PIPE_WRITE_OCTETS_MAX : WRITE_OCTETS_MAX,
      onState: options.onState,
    })
    return new AuditLog(writer)
  }

  write(record: AuditRecord): void {
    this.#writer.write(formatAuditLine(record))
  }

  /** False: refuse new requests until lines can be written again. */
  get isAccepting(): boolean {
    return this.#writer.isAccepting
  }

  /** Lines dropped since the start. */
  get lostLines(): number {
    return this.#writer.lostLines
  }

  /** Opens the file anew, after a rotation (SIGHUP); throws where that fails and keeps the old one. */
  reopen(): Promise<void> {
    return this.#writer.reopen()
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

function isPipe(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}
