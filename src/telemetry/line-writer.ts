import { settledWithin } from '../base/settled-within.ts'
import type { FileDamage, LineSink } from './line-sink.ts'
import { remainderOf } from './short-write.ts'

/** What a writer of lines needs to know. */
export interface LineWriterOptions {
  /** Called at the start and at each `reopen`. */
  readonly openSink: () => Promise<LineSink>
  /** Bytes kept while the destination is slow or failing; beyond, lines are lost and counted. */
  readonly bufferBytesMax: number
  /** Told when it stops accepting, when lines are lost, and when it works again. */
  readonly onState: (state: LineWriterState) => void
}

/** How the writer fares. */
export type LineWriterState =
  /** Lines wait, and `isAccepting` is false. */
  | { readonly kind: 'stalled'; readonly cause: Error }
  | { readonly kind: 'losing' }
  /** `brokenLines`: stand there in part, and then whole. */
  | { readonly kind: 'recovered'; readonly lostLines: number; readonly brokenLines: number }

/**
 * Lines wait this long for company: a write of its own costs a line 15 µs of CPU, a write of 50 lines
 * 1 µs each (measured, Node 20).
 */
const BATCH_DELAY_MS = 10
/** A batch of this size does not wait. */
const BATCH_BYTES = 64 * 1024
/** After a failure. */
const RETRY_FIRST_MS = 20
const RETRY_MAX_MS = 500
/** While a pipe is full: its reader makes room at any moment. */
const FULL_FIRST_MS = 1
const FULL_MAX_MS = 50
/** No byte taken for this long is a failure, too. */
const STALL_MS = 5_000
/** For a destination to be stored and closed: a disk that hangs must not hold up the end. */
const CLOSE_MS = 1_000
/** For a full pipe at the last moment. */
const FLUSH_MS = 500
const FLUSH_PAUSE_MS = 5

const LF = 0x0a
const NEWLINE = Buffer.from('\n')

interface QueuedLine {
  readonly text: string
  readonly bytes: number
  /** What follows goes into the next file. */
  readonly endsFile: boolean
}

/**
 * Appends lines to a file or pipe in batches, off the event loop, in order. A failed write (full
 * disk, full pipe) is tried again: nothing is dropped while the buffer has room, and what is dropped
 * beyond, or at the end, is counted and told. `isAccepting` turns false with the first write that
 * fails, or when half of the buffer is taken, so that a caller takes on no work that it cannot record.
 *
 * Whatever happens, each line stands whole in the file, once: behind a write that was cut short, the
 * next begins with a newline.
 */
export class LineWriter {
  readonly #options: LineWriterOptions
  /** Undefined once closed. */
  #sink: LineSink | undefined
  /** From `#head` on. */
  #queue: QueuedLine[] = []
  #head = 0
  #queuedBytes = 0
  /** The batch that is being written; behind it comes the queue. */
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
  /** The line that ends its file is in the batch that is being written. */
  #batchEndsFile = false
  /** The next file has to be opened before anything is written. */
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
    this.#sink = sink
    this.#endsTorn = sink.endsTorn
  }

  /** Opens the destination; throws what the file system says. */
  static async open(options: LineWriterOptions): Promise<LineWriter> {
    return new LineWriter(options, await options.openSink())
  }

  /** Takes a line with its newline. False: it is lost. */
  write(text: string): boolean {
    const bytes = Buffer.byteLength(text)
    if (this.#isClosed || this.pendingBytes + bytes > this.#options.bufferBytesMax) {
      this.#lose()
      return false
    }
    this.#put({ text, bytes, endsFile: false })
    return true
  }

  /**
   * Takes a line, with its newline, that is about the others: few and short, so there is always room
   * for them. `endsFile`: what is written after it goes into the file that is opened next.
   */
  writeControl(text: string, endsFile = false): boolean {
    if (this.#isClosed) return false
    this.#put({ text, bytes: Buffer.byteLength(text), endsFile })
    return true
  }

  #put(line: QueuedLine): void {
    this.#queue.push(line)
    this.#queuedBytes += line.bytes
    if (this.pendingBytes * 2 > this.#options.bufferBytesMax) {
      this.#stall(new Error('half of the room is taken'))
    }
    this.#schedule()
  }

  /** Counts a line that never came this far. */
  countLost(): void {
    this.#lostLines++
  }

  /** Bytes that wait to be written. */
  get pendingBytes(): number {
    return this.#queuedBytes + (this.#unwritten?.length ?? 0)
  }

  /** False: the destination fails or does not keep up; take on no further work. */
  get isAccepting(): boolean {
    return !this.#isClosed && !this.#isStalled
  }

  /** Lines dropped since the start. */
  get lostLines(): number {
    return this.#lostLines
  }

  /** Opens the destination anew, after a rotation; the old one is kept where that fails, and it throws. */
  reopen(): Promise<void> {
    const turn = this.#reopened.then(() => this.#replaceSink())
    this.#reopened = turn.catch(() => undefined)
    return turn
  }

  /** What somebody has done to the file of our own; undefined: nothing, or it cannot be known. */
  async inspect(): Promise<FileDamage | undefined> {
    return this.#sink?.inspect?.()
  }

  async #replaceSink(): Promise<void> {
    const sink = await this.#options.openSink()
    this.#isReopening = true
    // A write under way ends in the old file; the next goes into the new one.
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

  /** The file has ended: opens the next one, for as long as that takes. */
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

  /** Writes what is pending, syncs and closes; gives up after the time. True: no line is missing. */
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
   * Writes what is pending at once, blocking: for the last moment of a crashing process. A batch that
   * is under way may then stand there twice, which beats missing.
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
      this.#stall(new Error('only a part was written: the disk is full'))
    }
    this.#schedule()
  }

  #failed(error: NodeJS.ErrnoException): void {
    // A pipe that does not block and is full: that is slowness, not failure.
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
    this.#stall(new Error(`no byte has been taken for ${STALL_MS / 1000} s`))
  }

  #stall(cause: Error): void {
    if (this.#isStalled) return
    this.#isStalled = true
    this.#options.onState({ kind: 'stalled', cause })
  }

  /** Accepts again, once there is room enough not to stall at the next line. */
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
    // What waits already, a full batch, or an end in sight: no reason to wait for more.
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

  /** As many lines as one write takes; at least one. */
  #nextBatch(bytesMax: number): Buffer | undefined {
    let text = ''
    let bytes = 0
    for (;;) {
      const line = this.#queue[this.#head]
      if (line === undefined || (bytes > 0 && bytes + line.bytes > bytesMax)) break
      text += line.text
      bytes += line.bytes
      this.#head++
      if (line.endsFile && bytesMax !== Number.POSITIVE_INFINITY) {
        this.#batchEndsFile = true
        break
      }
    }
    // Not at each batch: a long queue would be moved for a few lines each time.
    if (this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
    this.#queuedBytes -= bytes
    return bytes === 0 ? undefined : Buffer.from(text)
  }

  /** All that is pending, with the newline that it may need before it: a write under way may be cut. */
  #takeAll(): Buffer {
    const mayBeTorn = this.#endsTorn || this.#isBusy
    const parts: Buffer[] = mayBeTorn && this.pendingBytes > 0 ? [NEWLINE] : []
    if (this.#unwritten !== undefined) parts.push(this.#unwritten)
    parts.push(this.#nextBatch(Number.POSITIVE_INFINITY) ?? Buffer.alloc(0))
    this.#unwritten = undefined
    return Buffer.concat(parts)
  }

  /** How many lines it were. */
  #dropAll(): number {
    const lines = this.#queue.length - this.#head + countLines(this.#unwritten)
    this.#queue = []
    this.#head = 0
    this.#queuedBytes = 0
    this.#unwritten = undefined
    return lines
  }
}

/** Bytes that were taken; none where it fails. */
function writeNow(sink: LineSink, bytes: Buffer): number {
  try {
    return sink.writeSync(bytes)
  } catch {
    return 0
  }
}

/** EAGAIN: a pipe that does not block has no room. */
function isFull(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'EAGAIN'
}

function countLines(bytes: Buffer | undefined): number {
  if (bytes === undefined) return 0
  let count = 0
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count++
  return count
}
