import { write, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** What a writer of lines needs to know. */
export interface LineWriterOptions {
  /** A file to append to (made with mode 0600), or an open descriptor, which stays open. */
  readonly destination: { readonly file: string } | { readonly descriptor: number }
  /** Octets kept while the destination is slow or failing; beyond, lines are lost and counted. */
  readonly bufferOctetsMax: number
  /** Octets in one write; lines are never split over two writes unless one alone is longer. */
  readonly writeOctetsMax: number
  /** Told when writing begins to fail, when lines are lost, and when it works again. */
  readonly onState: (state: LineWriterState) => void
}

/** How the writer fares. */
export type LineWriterState =
  | { readonly kind: 'failing'; readonly cause: unknown }
  | { readonly kind: 'losing' }
  | { readonly kind: 'recovered'; readonly lostLines: number }

/**
 * Lines wait this long for company: a write of its own costs a line 15 µs of CPU, a write of 50 lines
 * 1 µs each (measured, Node 20).
 */
const BATCH_DELAY_MS = 10
/** A batch of this size does not wait. */
const BATCH_OCTETS = 64 * 1024
const RETRY_FIRST_MS = 20
const RETRY_MAX_MS = 2000

/**
 * Appends lines to a file or pipe in batches, off the event loop, in order. A failed write (full
 * disk, full pipe) is tried again, the rest of a partial one too: nothing is dropped while the buffer
 * has room, and what is dropped beyond is counted and told. `isAccepting` turns false at half of the
 * buffer, so that a caller can take on no more work than it can still record.
 */
export class LineWriter {
  readonly #options: LineWriterOptions
  /** Undefined once closed, and where somebody else opened the descriptor. */
  #file: FileHandle | undefined
  #descriptor: number | undefined
  #lines: string[] = []
  #linesOctets = 0
  #unwritten: Buffer | undefined
  #timer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #isImmediate = false
  #isBusy = false
  #isClosed = false
  #isFailing = false
  #isReopening = false
  #retryMs = RETRY_FIRST_MS
  #lostLines = 0
  #lostInRow = 0
  #idleWaiters: (() => void)[] = []

  private constructor(options: LineWriterOptions, opened: FileHandle | number) {
    this.#options = options
    this.#use(opened)
  }

  /** Opens the destination; throws what the file system says. */
  static async open(options: LineWriterOptions): Promise<LineWriter> {
    return new LineWriter(options, await openDestination(options.destination))
  }

  /** Takes a line with its newline. */
  write(line: string): void {
    if (this.#isClosed) {
      this.#lostLines++
      return
    }
    // Characters instead of octets: exact for ASCII, and never less than a third of the truth.
    if (this.pendingOctets + line.length > this.#options.bufferOctetsMax) {
      if (this.#lostInRow === 0) this.#options.onState({ kind: 'losing' })
      this.#lostLines++
      this.#lostInRow++
      return
    }
    this.#lines.push(line)
    this.#linesOctets += line.length
    this.#schedule()
  }

  /** Octets that wait to be written. */
  get pendingOctets(): number {
    return this.#linesOctets + (this.#unwritten?.length ?? 0)
  }

  /** False: the destination does not keep up; take on no further work. */
  get isAccepting(): boolean {
    return !this.#isClosed && this.pendingOctets * 2 <= this.#options.bufferOctetsMax
  }

  /** Lines dropped since the start. */
  get lostLines(): number {
    return this.#lostLines
  }

  /** Opens the file anew, after a rotation; the old one is kept where that fails, and it throws. */
  async reopen(): Promise<void> {
    const { destination } = this.#options
    if ('descriptor' in destination) return
    const file = await openDestination(destination)
    this.#isReopening = true
    // A write under way ends in the old file; the next goes into the new one.
    while (this.#isBusy) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
    const old = this.#file
    this.#use(file)
    this.#isReopening = false
    this.#schedule()
    await old?.close()
  }

  /** Writes what is pending, syncs and closes; gives up after the time. True: nothing is missing. */
  async close(deadlineMs: number): Promise<boolean> {
    this.#isClosed = true
    const isDrained = await this.#drained(deadlineMs)
    clearTimeout(this.#timer)
    clearTimeout(this.#retryTimer)
    const file = this.#file
    this.#file = undefined
    this.#descriptor = undefined
    await file?.sync().catch(ignore)
    await file?.close().catch(ignore)
    return isDrained && this.#lostLines === 0
  }

  /**
   * Writes what is pending at once, blocking: for the last moment of a crashing process. A batch that
   * is under way may then stand there twice, which beats missing.
   */
  flushSync(): void {
    if (this.#descriptor === undefined) return
    let rest = Buffer.concat([
      this.#unwritten ?? Buffer.alloc(0),
      Buffer.from(this.#lines.join('')),
    ])
    this.#unwritten = undefined
    this.#lines = []
    this.#linesOctets = 0
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest))
    } catch (cause) {
      this.#options.onState({ kind: 'failing', cause })
    }
  }

  #use(opened: FileHandle | number): void {
    this.#file = typeof opened === 'number' ? undefined : opened
    this.#descriptor = typeof opened === 'number' ? opened : opened.fd
  }

  async #drained(deadlineMs: number): Promise<boolean> {
    if (this.pendingOctets === 0 && !this.#isBusy) return true
    this.#schedule()
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, deadlineMs, false)
    })
    const drained = this.#untilEmpty()
    const result = await Promise.race([drained, expired])
    clearTimeout(timer)
    return result
  }

  async #untilEmpty(): Promise<boolean> {
    while (this.pendingOctets > 0 || this.#isBusy) {
      if (this.#descriptor === undefined) return false
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
    }
    return true
  }

  readonly #pump = (): void => {
    this.#isImmediate = false
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#isBusy || this.#isReopening || this.#descriptor === undefined) return
    const chunk = this.#unwritten ?? this.#nextChunk()
    if (chunk === undefined) return
    this.#isBusy = true
    this.#unwritten = chunk
    write(this.#descriptor, chunk, 0, chunk.length, null, (error, written) => {
      this.#isBusy = false
      if (error === null) this.#wrote(chunk, written)
      else this.#failed(error)
      this.#wakeWaiters()
    })
  }

  #wrote(chunk: Buffer, written: number): void {
    this.#unwritten = written < chunk.length ? chunk.subarray(written) : undefined
    this.#retryMs = RETRY_FIRST_MS
    if (this.#isFailing || this.#lostInRow > 0) {
      this.#options.onState({ kind: 'recovered', lostLines: this.#lostInRow })
      this.#isFailing = false
      this.#lostInRow = 0
    }
    this.#schedule()
  }

  #failed(error: NodeJS.ErrnoException): void {
    // A pipe that does not block and is full says EAGAIN: that is slowness, not failure.
    if (!this.#isFailing && error.code !== 'EAGAIN') {
      this.#isFailing = true
      this.#options.onState({ kind: 'failing', cause: error })
    }
    this.#retryTimer = setTimeout(this.#retry, this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS)
  }

  readonly #retry = (): void => {
    this.#retryTimer = undefined
    this.#pump()
  }

  #schedule(): void {
    if (this.#isBusy || this.#retryTimer !== undefined || this.pendingOctets === 0) return
    // What waits already, a full batch, or an end in sight: no reason to wait for more.
    if (this.#isClosed || this.#unwritten !== undefined || this.#linesOctets >= BATCH_OCTETS) {
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

  #nextChunk(): Buffer | undefined {
    if (this.#lines.length === 0) return undefined
    const { writeOctetsMax } = this.#options
    if (this.#linesOctets * 3 <= writeOctetsMax) {
      const all = Buffer.from(this.#lines.join(''))
      this.#lines = []
      this.#linesOctets = 0
      return all
    }
    let count = 0
    let octets = 0
    for (const line of this.#lines) {
      const lineOctets = Buffer.byteLength(line)
      if (count > 0 && octets + lineOctets > writeOctetsMax) break
      octets += lineOctets
      count++
    }
    const taken = this.#lines.splice(0, count)
    for (const line of taken) this.#linesOctets -= line.length
    return Buffer.from(taken.join(''))
  }
}

async function openDestination(
  destination: LineWriterOptions['destination'],
): Promise<FileHandle | number> {
  return 'file' in destination ? open(destination.file, 'a', 0o600) : destination.descriptor
}

function ignore(): void {}
