import { readFile } from 'node:fs/promises'
import { BatchChain } from '../evidence/batch-chain.ts'
import { CHAIN_END_BYTES, LINE_BYTES_MAX } from '../evidence/chain.ts'
import { parseCheckpoint } from '../evidence/checkpoint.ts'
import {
  type ControlRecord,
  formatControlRecord,
  type LostCause,
  type PreviousHead,
  type StreamFacts,
} from '../evidence/control-record.ts'
import { isoTime } from './iso-time.ts'
import type { FileDamage, LineSink } from './line-sink.ts'
import { LineWriter, type LineWriterState, type QueuedLine } from './line-writer.ts'
import { shortenLine } from './shorten-line.ts'
import { StreamFiles } from './stream-files.ts'

/** The options that make the lines verifiable. */
export interface EvidenceOptions {
  /** The name of the log that the stream belongs to. */
  readonly origin: string
  /**
   * The folder of the trail, with separate files for each stream. Undefined: lines go to the
   * destination.
   */
  readonly directory: string | undefined
  readonly facts: StreamFacts
  /** Size at which a file ends; it also ends with the day (UTC). Default: 256 MiB. */
  readonly fileBytesMax?: number
}

/** The state of a stream: of its writer, and damage to its file. */
export type AuditState =
  | LineWriterState
  | { readonly kind: 'damaged'; readonly damage: FileDamage; readonly error: Error | undefined }

interface AuditStreamOptions {
  readonly evidence: EvidenceOptions
  /** Opens the destination if the stream has no files of its own. */
  readonly openSink: () => Promise<LineSink>
  readonly bufferBytesMax: number
  readonly onState: (state: AuditState) => void
}

/** Dropped lines that have not been reported yet. */
interface Loss {
  readonly first: number
  readonly from: string
  until: string
  readonly cause: LostCause
}

const FILE_BYTES_MAX = 256 * 1024 * 1024
const DAY_MS = 86_400_000
/** The interval of `alive` records. */
const ALIVE_MS = 60_000
/** The interval of checks of the file. */
const LOOK_MS = 1_000

/**
 * The lines of one process in the audit trail: each line has a number and the hash of the previous
 * line, and records mark when the stream opens, is alive, loses lines and ends, so that missing
 * lines are detectable.
 */
export class AuditStream {
  readonly writer: LineWriter
  readonly #chain: BatchChain
  readonly #files: StreamFiles | undefined
  readonly #onState: (state: AuditState) => void
  readonly #fileBytesMax: number
  readonly #timers: readonly NodeJS.Timeout[]
  #fileBytes = 0
  #fileFirst = 0
  #fileEndsAtMs = dayEnd(Date.now())
  #seenWholeAt = isoTime(Date.now())
  #requests = 0
  #lost = 0
  #loss: Loss | undefined
  #isDamaged = false
  #isClosed = false

  private constructor(
    { evidence, onState }: AuditStreamOptions,
    writer: LineWriter,
    chain: BatchChain,
    files: StreamFiles | undefined,
  ) {
    this.writer = writer
    this.#chain = chain
    this.#files = files
    this.#onState = onState
    this.#fileBytesMax = evidence.fileBytesMax ?? FILE_BYTES_MAX
    this.#timers = [
      setInterval(() => this.#alive(), ALIVE_MS).unref(),
      setInterval(() => void this.inspect(), LOOK_MS).unref(),
    ]
  }

  /** Opens the stream's first file and writes its first line; throws the file system's error. */
  static async open(options: AuditStreamOptions): Promise<AuditStream> {
    const { evidence, bufferBytesMax, onState } = options
    const { origin, directory, facts } = evidence
    const chain = new BatchChain(origin)
    const { stream } = chain
    const time = isoTime(Date.now())
    const { replica, worker } = facts
    const files =
      directory === undefined
        ? undefined
        : new StreamFiles({ directory, time, replica, worker, stream })
    const openSink = files === undefined ? options.openSink : () => files.open()
    const encode = (lines: readonly QueuedLine[]) => chain.link(lines)
    const writer = await LineWriter.open({ openSink, bufferBytesMax, onState, encode })
    const opened = new AuditStream(options, writer, chain, files)
    const { version, node, policy } = facts
    opened.#control({
      record: 'open',
      version,
      origin,
      replica,
      worker,
      node,
      policy,
      previous: directory === undefined ? null : await readPreviousHead(directory),
    })
    return opened
  }

  /** Writes a line of a request, with its newline. */
  write(text: string): void {
    if (this.#put(text)) this.#requests++
  }

  /** Writes any other line, with its newline. */
  writeEvent(text: string): void {
    this.#put(text)
  }

  #put(text: string): boolean {
    if (this.#loss !== undefined && this.writer.isAccepting) this.#tellLoss()
    if (this.#files !== undefined) this.#rotateIfDue(Date.now())
    const line = this.#fit(text)
    if (line === undefined) {
      this.writer.countLost()
      this.noteLost()
      return false
    }
    if (!this.writer.writeLine(line)) {
      this.noteLost()
      return false
    }
    this.#took(line)
    return true
  }

  /** Numbers a line, shortened if that is necessary; undefined: it cannot be short enough. */
  #fit(text: string): QueuedLine | undefined {
    const line = this.#next(text)
    if (line.bytes <= LINE_BYTES_MAX + 1) return line
    const short = shortenLine(text.slice(0, -1), LINE_BYTES_MAX - CHAIN_END_BYTES)
    return short === undefined ? undefined : this.#next(`${short}\n`)
  }

  #next(text: string, endsFile = false): QueuedLine {
    const bytes = Buffer.from(text)
    return { text: bytes, bytes: this.#chain.bytesOf(bytes), seq: this.#chain.seq, endsFile }
  }

  /** The writer has taken the line. */
  #took(line: QueuedLine): void {
    this.#chain.advance()
    this.#fileBytes += line.bytes
  }

  /** A line was dropped, here or earlier: it uses a number. */
  noteLost(): void {
    const time = isoTime(Date.now())
    this.#loss ??= { first: this.#chain.seq, from: time, until: time, cause: 'overflow' }
    this.#loss.until = time
    this.#chain.advance()
    this.#lost++
  }

  /** Records a new policy; `policy` as in the stream's facts. */
  reload(policy: string): void {
    this.#control({ record: 'reload', policy })
  }

  /** Whether the stream has its own files. */
  get hasFiles(): boolean {
    return this.#files !== undefined
  }

  /** False if lines that are written now may be lost. */
  get isWhole(): boolean {
    return !this.#isDamaged
  }

  /** Checks the file: if it was removed or truncated, continues in a new one and records it. */
  async inspect(): Promise<void> {
    if (this.#isClosed || this.#isDamaged) return
    const first = this.#fileFirst
    const from = this.#seenWholeAt
    const damage = await this.writer.inspect()
    const time = isoTime(Date.now())
    if (damage === undefined) {
      this.#seenWholeAt = time
      return
    }
    this.#isDamaged = true
    try {
      this.#files?.next()
      await this.writer.reopen()
      const count = this.#chain.seq - first
      this.#control({ record: 'lost', first, count, from, until: time, cause: damage })
      this.#onState({ kind: 'damaged', damage, error: undefined })
      this.#fileBytes = 0
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error))
      this.#onState({ kind: 'damaged', damage, error: cause })
    } finally {
      // Without a new file, the next check finds the old one damaged again.
      this.#isDamaged = false
    }
  }

  /** Ends the stream and its file; gives up after the time. Returns true if no line is missing. */
  close(deadlineMs: number): Promise<boolean> {
    this.#end('stop')
    return this.writer.close(deadlineMs)
  }

  /** Called at the last moment of a process that ends immediately. */
  flushSync(): void {
    this.#end('exit')
    this.writer.flushSync()
  }

  #end(reason: 'stop' | 'exit'): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
    this.#tellLoss()
    const lines = this.#chain.seq - this.#lost + 1
    this.#control({ record: 'close', lines, lost: this.#lost, reason })
  }

  #alive(): void {
    // While nothing can be written, these records would only use buffer space.
    if (!this.writer.isAccepting) return
    this.#tellLoss()
    if (this.#files !== undefined) this.#rotateIfDue(Date.now())
    this.#control({ record: 'alive', requests: this.#requests, lost: this.#lost })
  }

  #tellLoss(): void {
    const loss = this.#loss
    if (loss === undefined) return
    this.#loss = undefined
    const { first, from, until, cause } = loss
    this.#control({ record: 'lost', first, count: this.#chain.seq - first, from, until, cause })
  }

  #rotateIfDue(nowMs: number): void {
    if (this.#files === undefined) return
    if (nowMs < this.#fileEndsAtMs && this.#fileBytes < this.#fileBytesMax) return
    this.#control({ record: 'rotate', next: this.#files.next() }, true)
    this.#fileBytes = 0
    this.#fileFirst = this.#chain.seq
    this.#fileEndsAtMs = dayEnd(nowMs)
  }

  #control(record: ControlRecord, endsFile = false): void {
    const text = `${formatControlRecord(isoTime(Date.now()), record)}\n`
    const line = this.#next(text, endsFile)
    if (this.writer.writeControl(line)) this.#took(line)
  }
}

function dayEnd(nowMs: number): number {
  return (Math.floor(nowMs / DAY_MS) + 1) * DAY_MS
}

/** Returns the newest checkpoint, unverified: a verifier of the trail verifies it too. */
async function readPreviousHead(directory: string): Promise<PreviousHead | null> {
  const note = await readFile(`${directory}/tree/checkpoint`, 'utf8').catch(() => '')
  const text = note.slice(0, note.indexOf('\n\n') + 1)
  const checkpoint = parseCheckpoint(text)
  if (!checkpoint.ok) return null
  const { origin, size, root } = checkpoint.value
  return { origin, size, root: root.toString('base64') }
}
