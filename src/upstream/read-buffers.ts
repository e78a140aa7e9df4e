import type { Socket } from 'node:net'

/** The most that one read returns; node would allocate this much for each. */
const BUFFER_BYTES = 64 * 1024

/** The most that one read of a TLS socket returns: a record. */
const RECORD_BYTES = 16 * 1024

/** What one read of a socket returns: whatever is there, or the rest of a TLS record. */
type ReadKind = 'any' | 'record'

/** A shorter read is copied, and the next read reuses its place: heads and small answers. */
const COPIED_BYTES_MAX = { any: RECORD_BYTES - 1, record: 4 * 1024 }

/** A buffer with less room than this is not read into any more. */
const ROOM_BYTES_MIN = { any: BUFFER_BYTES, record: RECORD_BYTES }

/** The number of free buffers that are kept; the garbage collector takes the others. */
const FREE_MAX = 64

/** A buffer that has been read into. */
interface Lent {
  readonly buffer: Buffer
  /** The bytes that have been handed out. */
  lent: number
  /** The bytes of these that nobody needs any more. */
  released: number
  /** More will be read into it. */
  isOpen: boolean
}

/**
 * The buffers that sockets to S3 are read into. A buffer is reused once every byte that was read into
 * it has been released. A receiver need not release what it gets, and may pass it on to one that does
 * not: the garbage collector then takes the buffer, like any other.
 *
 * Node would otherwise allocate 64 KiB for each read, and V8 runs a full collection for each 32 MiB.
 */
class ReadBuffers {
  readonly #free: Buffer[] = []
  /** Keyed by the memory that a buffer's slices share with it. */
  readonly #lent = new WeakMap<ArrayBufferLike, Lent>()

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }

  /** Hands out bytes that have been read. `isOpen`: more will be read into the buffer, behind them. */
  lend(buffer: Buffer, from: number, to: number, isOpen: boolean): Buffer {
    const known = this.#lent.get(buffer.buffer)
    const lent = known ?? { buffer, lent: 0, released: 0, isOpen }
    if (known === undefined) this.#lent.set(buffer.buffer, lent)
    lent.lent += to - from
    lent.isOpen = isOpen
    return buffer.subarray(from, to)
  }

  isLent({ buffer }: Buffer): boolean {
    return this.#lent.has(buffer)
  }

  release({ buffer, length }: Buffer): void {
    const lent = this.#lent.get(buffer)
    if (lent === undefined) return
    lent.released += length
    if (lent.isOpen || lent.released < lent.lent) return
    this.#lent.delete(buffer)
    if (this.#free.length < FREE_MAX) this.#free.push(lent.buffer)
  }
}

/** The buffers of this process; connections of every configuration share them. */
const READ_BUFFERS = new ReadBuffers()

/** Returns whether the bytes are in one of these buffers, which waits for their release. */
export function isLentRead(chunk: Buffer): boolean {
  return READ_BUFFERS.isLent(chunk)
}

/**
 * Releases bytes of an answer: they have been written, and nobody refers to them any more. Call it
 * once for each byte. Bytes from elsewhere are ignored.
 */
export function releaseRead(chunk: Buffer): void {
  READ_BUFFERS.release(chunk)
}

/** The reads that wait for the reader are limited to this many bytes, with those in the stream. */
const WAITING_BYTES_MAX = 64 * 1024

/** The documented option of `net.connect` and `tls.connect`. */
interface OnRead {
  /** Called after each callback, and for each address that is tried. */
  readonly buffer: () => Buffer
  readonly callback: (bytes: number) => boolean
}

/**
 * Opens a socket that is read into these buffers. Its stream gets the bytes by `push`, so that pauses,
 * ends and failures work as without the option.
 *
 * The stream holds one read at a time. `read()` without a size returns all bytes that a stream holds, and
 * copies them into a new buffer if they are several. A TLS socket still delivers the records that have
 * been decrypted after it was paused, so nearly every read of a large answer was such a copy, and no
 * buffer was ever released. Later reads wait here instead; those that follow each other in one buffer
 * become one.
 */
export function openPooled<S extends Socket>(open: (onread: OnRead) => S, kind: ReadKind): S {
  let buffer = READ_BUFFERS.take()
  /** The bytes before this position have been handed out. */
  let at = 0
  const waiting: Buffer[] = []

  const nextRead = (bytes: number): Buffer => {
    const from = at
    const to = from + bytes
    if (bytes <= COPIED_BYTES_MAX[kind]) return Buffer.from(buffer.subarray(from, to))
    const isOpen = BUFFER_BYTES - to >= ROOM_BYTES_MIN[kind]
    const chunk = READ_BUFFERS.lend(buffer, from, to, isOpen)
    at = isOpen ? to : 0
    if (!isOpen) buffer = READ_BUFFERS.take()
    return chunk
  }

  const socket = open({
    buffer: () => (at === 0 ? buffer : buffer.subarray(at)),
    callback: (bytes) => {
      const chunk = nextRead(bytes)
      if (waiting.length === 0 && socket.readableLength === 0) return push(chunk)
      appendRead(waiting, chunk)
      return bytesOf(waiting) + socket.readableLength < WAITING_BYTES_MAX
    },
  })
  const push = socket.push.bind(socket)
  const read = socket.read.bind(socket)
  socket.read = (size) => {
    const next = socket.readableLength === 0 ? waiting.shift() : undefined
    if (next !== undefined) push(next)
    return read(size)
  }
  // The end comes after everything that waits.
  socket.push = (chunk, encoding) => {
    for (const next of waiting.splice(0)) push(next)
    return push(chunk, encoding)
  }
  return socket
}

/** Adds a read; one that follows the last one in the same memory becomes one with it. */
function appendRead(reads: Buffer[], read: Buffer): void {
  const last = reads.at(-1)
  const isNext =
    last !== undefined &&
    last.buffer === read.buffer &&
    last.byteOffset + last.length === read.byteOffset &&
    READ_BUFFERS.isLent(read)
  if (!isNext) reads.push(read)
  else
    reads[reads.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + read.length)
}

function bytesOf(reads: readonly Buffer[]): number {
  return reads.reduce((bytes, { length }) => bytes + length, 0)
}
