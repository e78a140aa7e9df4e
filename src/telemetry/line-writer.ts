import { settledWithin } from '../base/settled-within.ts'
import type { FileDamage, LineSink } from './line-sink.ts'
import { remainderOf } from './short-write.ts'

/** The options of a line writer. */
export interface LineWriterOptions {
  /** Called at the start and at each `reopen`. */
  readonly openSink: () => Promise<LineSink>
  /**
   * Limit of buffered bytes while the destination is slow or failing; beyond it, lines are lost and
   * counted.
   */
  readonly bufferBytesMax: number
  /** Encodes the lines of a batch, each with as many bytes as it says. Default: their texts. */
  readonly encode?: (lines: readonly QueuedLine[]) => Buffer
  /** Called when it stops accepting, when lines are lost, and when it works again. */
  readonly onState: (state: LineWriterState) => void
}

/** The state of the writer. */
export type LineWriterState =
  /** Lines are buffered, and `isAccepting` is false. */
  | { readonly kind: 'stalled'; readonly cause: Error }
  | { readonly kind: 'losing' }
  /** `brokenLines`: written partially, and then completely. */
  | { readonly kind: 'recovered'; readonly lostLines: number; readonly brokenLines: number }

/**
 * How long lines wait for a batch: a separate write costs 15 µs of CPU per line, a write of 50
 * lines 1 µs each (measured, Node 20).
 */
const BATCH_DELAY_MS = 10
/** A batch of this size is written at once. */
const BATCH_BYTES = 64 * 1024
/** Pauses after a failure. */
const RETRY_FIRST_MS = 20
const RETRY_MAX_MS = 500
/** Pauses while a pipe is full: its reader may make room at any moment. */
const FULL_FIRST_MS = 1
const FULL_MAX_MS = 50
/** No progress for this long counts as a failure. */
const STALL_MS = 5_000
/** The limit of syncing and closing a destination: a hanging disk must not delay the end. */
const CLOSE_MS = 1_000
/** The limit of waiting for a full pipe at the last moment. */
const FLUSH_MS = 500
const FLUSH_PAUSE_MS = 5

const LF = 0x0a
const NEWLINE = Buffer.from('\n')

/** A line that waits to be written. */
export interface QueuedLine {
  /**
   * With its LF, in UTF-8. Encoded as it comes: a line's text is made of 80 pieces, and texts that wait for
   * their batch are copied by the garbage collector piece by piece.
   */
  readonly text: Buffer
  /** Bytes that it is written with. */
  readonly bytes: number
  /** For `encode`. */
  readonly seq: number
  /** Later lines go into the next file. */
  readonly endsFile: boolean
}

/**
 * Appends lines to a file or pipe in batches, off the event loop, in order. A failed write (full
 * disk, full pipe) is retried: nothing is dropped while the buffer has room, and lines that are
 * dropped after that, or at the end, are counted and reported. `isAccepting` becomes false at the
 * first failed write, or when half of the buffer is used, so that the caller accepts no work that
 * it cannot record.
 *
 * Each line is written completely exactly once: after a partial write, the next one begins with a
 * newline.
 */
export class LineWriter {
  readonly #options: LineWriterOptions
  readonly #encode: (lines: readonly QueuedLine[]) => Buffer
  /** Undefined once closed. */
  #sink: LineSink | undefined
  /** Valid from `#head` on. */
  #queue: QueuedLine[] = []
  #head = 0
  #queuedBytes = 0
  /** The batch that is being written; the queue follows it. */
  #unwritten: Buffer | undefined
  #endsTorn: boolean
  #timer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #stallTimer: NodeJS.Timeout | undefined
  #isImmediate = false
  #isBusy = false
  #isClosed = false
  #isStalled = false
  #isReopening = false
  /** The batch that is being written ends its file. */
  #batchEndsFile = false
  /** The next file must be opened before anything is written. */
  #needsNextFile = false
  #reopened: Promise<void> = Promise.resolve()
  #retryMs = RETRY_FIRST_MS
  #fullMs = FULL_FIRST_MS
  #lostLines = 0
  #lostInRow = 0
  #brokenInRow = 0
  #idleWaiters: (() => void)[] = []

  private constructor(options: LineWriterOptions, sink: LineSink) {
    this.#options = options
    this.#encode = options.encode ?? textsOf
    this.#sink = sink
    this.#endsTorn = sink.endsTorn
  }

  /** Opens the destination; throws the file system's error. */
  static async open(options: LineWriterOptions): Promise<LineWriter> {
    return new LineWriter(options, await options.openSink())
  }

  /** Writes a line with its newline. Returns false if it is lost. */
  write(text: string): boolean {
    const bytes = Buffer.from(text)
    return this.writeLine({ text: bytes, bytes: bytes.length, seq: 0, endsFile: false })
  }

  /** Returns false if the line is lost. */
  writeLine(line: QueuedLine): boolean {
    if (this.#isClosed || this.pendingBytes + line.bytes > this.#options.bufferBytesMax) {
      this.#lose()
      return false
    }
    this.#put(line)
    return true
  }

  /**
   * Writes a line about the other lines: these are few and short, so there is always room for them.
   */
  writeControl(line: QueuedLine): boolean {
    if (this.#isClosed) return false
    this.#put(line)
    return true
  }

  #put(line: QueuedLine): void {
    this.#queue.push(line)
    this.#queuedBytes += line.bytes
    if (this.pendingBytes * 2 > this.#options.bufferBytesMax) {
      this.#stall(new Error('half of the buffer is used'))
    }
    this.#schedule()
  }

  /** Counts a line that was lost before it arrived here. */
  countLost(): void {
    this.#lostLines++
  }

  /** Bytes that have not been written yet. */
  get pendingBytes(): number {
    return this.#queuedBytes + (this.#unwritten?.length ?? 0)
  }

  /** False if the destination fails or is too slow; the caller must accept no more work. */
  get isAccepting(): boolean {
    return !this.#isClosed && !this.#isStalled
  }

  /** Lines dropped since the start. */
  get lostLines(): number {
    return this.#lostLines
  }

  /** Reopens the destination, after a rotation; on failure throws and keeps the old one. */
  reopen(): Promise<void> {
    const turn = this.#reopened.then(() => this.#replaceSink())
    this.#reopened = turn.catch(() => undefined)
    return turn
  }

  /** Returns damage to our own file; undefined if there is none, or it is unknown. */
  async inspect(): Promise<FileDamage | undefined> {
    return this.#sink?.inspect?.()
  }

  async #replaceSink(): Promise<void> {
    const sink = await this.#options.openSink()
    this.#isReopening = true
    // A running write ends in the old file; the next goes into the new one.
    while (this.#isBusy) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
    this.#isReopening = false
    const old = this.#sink
    if (old === undefined) return sink.close() // closed meanwhile
    this.#sink = sink
    this.#endsTorn = sink.endsTorn
    this.#needsNextFile = false
    this.#schedule()
    this.#wakeWaiters()
    await old.close()
  }

  /** The file has ended: opens the next one, and retries until it succeeds. */
  #nextFile(): void {
    this.#batchEndsFile = false
    this.#needsNextFile = true
    this.reopen().catch((error: unknown) => {
      if (this.#sink === undefined) return
      this.#stall(error instanceof Error ? error : new Error(String(error)))
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS)
      setTimeout(() => this.#nextFile(), this.#retryMs).unref()
    })
  }

  /** Resolves when no line is pending; false if that takes longer, or a line is lost. */
  async written(deadlineMs: number): Promise<boolean> {
    const lost = this.#lostLines
    await settledWithin(this.#untilEmpty(), deadlineMs)
    return this.pendingBytes === 0 && this.#lostLines === lost
  }

  /**
   * Writes pending lines, syncs and closes; gives up after the time. Returns true if no line is
   * missing.
   */
  async close(deadlineMs: number): Promise<boolean> {
    this.#isClosed = true
    this.#schedule()
    await settledWithin(this.#untilEmpty(), deadlineMs)
    this.#lostLines += this.#dropAll()
    const sink = this.#sink
    this.#sink = undefined
    for (const timer of [this.#timer, this.#retryTimer, this.#stallTimer]) clearTimeout(timer)
    if (sink !== undefined) await settledWithin(sink.close(), CLOSE_MS)
    return this.#lostLines === 0
  }

  /**
   * Writes pending lines at once, blocking: for the last moment of a crashing process. A running
   * batch may then be written twice, which is better than a loss.
   */
  flushSync(): void {
    const sink = this.#sink
    if (sink === undefined) return
    let rest: Buffer = this.#takeAll()
    const until = performance.now() + FLUSH_MS
    while (rest.length > 0 && performance.now() < until) {
      const written = writeNow(sink, rest)
      rest = rest.subarray(written)
      if (written === 0)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FLUSH_PAUSE_MS)
    }
    this.#lostLines += countLines(rest)
  }

  async #untilEmpty(): Promise<void> {
    while (this.pendingBytes > 0 || this.#isBusy) {
      if (this.#sink === undefined) return
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
    }
  }

  readonly #pump = (): void => {
    this.#isImmediate = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isBusy || this.#isReopening || this.#needsNextFile || this.#sink === undefined) return
    const lines = this.#unwritten ?? this.#nextBatch(this.#sink.writeBytesMax)
    if (lines === undefined) return
    this.#isBusy = true
    this.#unwritten = lines
    this.#stallTimer ??= setTimeout(this.#onStall, STALL_MS).unref()
    const sink = this.#sink
    const bytes = this.#endsTorn ? Buffer.concat([NEWLINE, lines]) : lines
    sink.write(bytes, (error, written) => {
      this.#isBusy = false
      if (this.#sink === undefined) return // given up meanwhile, and counted
      if (error !== null) this.#failed(error)
      else if (written === 0) this.#retryLater()
      else this.#wrote(sink, bytes, written)
      this.#wakeWaiters()
    })
  }

  #wrote(sink: LineSink, bytes: Buffer, written: number): void {
    clearTimeout(this.#stallTimer)
    this.#stallTimer = undefined
    this.#retryMs = RETRY_FIRST_MS
    this.#fullMs = FULL_FIRST_MS
    if (written === bytes.length) {
      this.#unwritten = undefined
      this.#endsTorn = false
      this.#recover()
      if (this.#batchEndsFile) this.#nextFile()
    } else if (sink.kind === 'stream') {
      this.#unwritten = bytes.subarray(written)
      this.#endsTorn = false
    } else {
      const { bytes: rest, endsTorn, isBroken } = remainderOf(bytes, written)
      this.#unwritten = rest.length > 0 ? rest : undefined
      this.#endsTorn = endsTorn
      if (isBroken) this.#brokenInRow++
      this.#stall(new Error('partial write: the disk is full'))
    }
    this.#schedule()
  }

  #failed(error: NodeJS.ErrnoException): void {
    // A non-blocking pipe that is full is slow, not failed.
    if (!isFull(error)) this.#stall(error)
    this.#retryLater(isFull(error))
  }

  #retryLater(isFullPipe = false): void {
    const delayMs = isFullPipe ? this.#fullMs : this.#retryMs
    if (isFullPipe) this.#fullMs = Math.min(delayMs * 2, FULL_MAX_MS)
    else this.#retryMs = Math.min(delayMs * 2, RETRY_MAX_MS)
    this.#retryTimer = setTimeout(this.#retry, delayMs)
  }

  readonly #retry = (): void => {
    this.#retryTimer = undefined
    this.#pump()
  }

  readonly #onStall = (): void => {
    this.#stallTimer = undefined
    this.#stall(new Error(`no byte was accepted for ${STALL_MS / 1000} s`))
  }

  #stall(cause: Error): void {
    if (this.#isStalled) return
    this.#isStalled = true
    this.#options.onState({ kind: 'stalled', cause })
  }

  /** Accepts again, if there is enough room not to stall at the next line. */
  #recover(): void {
    if (!this.#isStalled || this.pendingBytes * 4 > this.#options.bufferBytesMax) return
    const lostLines = this.#lostInRow
    const brokenLines = this.#brokenInRow
    this.#isStalled = false
    this.#lostInRow = 0
    this.#brokenInRow = 0
    this.#options.onState({ kind: 'recovered', lostLines, brokenLines })
  }

  #lose(): void {
    if (this.#lostInRow === 0 && !this.#isClosed) this.#options.onState({ kind: 'losing' })
    this.#lostLines++
    this.#lostInRow++
  }

  #schedule(): void {
    if (this.#isBusy || this.#retryTimer !== undefined || this.pendingBytes === 0) return
    // Do not wait if a batch is pending or full, or if the writer is closing.
    if (this.#isClosed || this.#unwritten !== undefined || this.#queuedBytes >= BATCH_BYTES) {
      if (this.#isImmediate) return
      this.#isImmediate = true
      setImmediate(this.#pump)
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(this.#pump, BATCH_DELAY_MS)
    }
  }

  #wakeWaiters(): void {
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const wake of waiters) wake()
  }

  /** Returns as many lines as fit into one write; at least one. */
  #nextBatch(bytesMax: number): Buffer | undefined {
    const start = this.#head
    let bytes = 0
    for (;;) {
      const line = this.#queue[this.#head]
      if (line === undefined || (bytes > 0 && bytes + line.bytes > bytesMax)) break
      bytes += line.bytes
      this.#head++
      if (line.endsFile && bytesMax !== Number.POSITIVE_INFINITY) {
        this.#batchEndsFile = true
        break
      }
    }
    const lines = this.#queue.slice(start, this.#head)
    // Not at each batch: a long queue would be moved for a few lines each time.
    if (this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
    this.#queuedBytes -= bytes
    return bytes === 0 ? undefined : this.#encode(lines)
  }

  /** Returns all pending bytes, with a leading newline if a running write may be partial. */
  #takeAll(): Buffer {
    const mayBeTorn = this.#endsTorn || this.#isBusy
    const parts: Buffer[] = mayBeTorn && this.pendingBytes > 0 ? [NEWLINE] : []
    if (this.#unwritten !== undefined) parts.push(this.#unwritten)
    parts.push(this.#nextBatch(Number.POSITIVE_INFINITY) ?? Buffer.alloc(0))
    this.#unwritten = undefined
    return Buffer.concat(parts)
  }

  /** Returns the number of dropped lines. */
  #dropAll(): number {
    const lines = this.#queue.length - this.#head + countLines(this.#unwritten)
    this.#queue = []
    this.#head = 0
    this.#queuedBytes = 0
    this.#unwritten = undefined
    return lines
  }
}

/** Returns the number of written bytes; 0 on failure. */
function writeNow(sink: LineSink, bytes: Buffer): number {
  try {
    return sink.writeSync(bytes)
  } catch {
    return 0
  }
}

/** EAGAIN: a non-blocking pipe is full. */
function isFull(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'EAGAIN'
}

function textsOf(lines: readonly QueuedLine[]): Buffer {
  return Buffer.concat(lines.map(({ text }) => text))
}

function countLines(bytes: Buffer | undefined): number {
  if (bytes === undefined) return 0
  let count = 0
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count++
  return count
}
