import type { Socket } from 'node:net'

/** One read at most; node would allocate as much for each. */
const BUFFER_BYTES = 64 * 1024

/** A shorter read is copied, and its buffer is read into again at once: heads and small answers. */
const COPIED_BYTES_MAX = 16 * 1024

/** Buffers that wait for use; more are left to the garbage collector. */
const FREE_MAX = 64

/** A buffer that has been read into, and how many of its bytes nobody needs any more. */
interface Lent {
  readonly buffer: Buffer
  readonly filled: number
  released: number
}

/**
 * The buffers that sockets to S3 are read into. A buffer is used again once every byte that was read
 * into it has been released. Whoever does not release what it was given, or gives it to somebody who
 * does not, loses nothing: the buffer is then collected as garbage like any other.
 *
 * Without it, node allocates 64 KiB for each read, and V8 answers each 32 MiB of them with a full
 * collection.
 */
class ReadBuffers {
  readonly #free: Buffer[] = []
  /** By the memory that slices of a buffer share with it. */
  readonly #lent = new WeakMap<ArrayBufferLike, Lent>()

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }

  /** Gives what has been read into the buffer, which is nobody's to read into now. */
  lend(buffer: Buffer, filled: number): Buffer {
    this.#lent.set(buffer.buffer, { buffer, filled, released: 0 })
    return buffer.subarray(0, filled)
  }

  isLent({ buffer }: Buffer): boolean {
    return this.#lent.has(buffer)
  }

  /** Nobody will look at these bytes again. Once for each byte, and only what came from `lend`. */
  release({ buffer, length }: Buffer): void {
    const lent = this.#lent.get(buffer)
    if (lent === undefined) return
    lent.released += length
    if (lent.released < lent.filled) return
    this.#lent.delete(buffer)
    if (this.#free.length < FREE_MAX) this.#free.push(lent.buffer)
  }
}

/** Those of this process: memory is shared by all connections, whatever configuration they are of. */
const READ_BUFFERS = new ReadBuffers()

/** Whether the bytes stand in one of these buffers, which waits for their release. */
export function isLentRead(chunk: Buffer): boolean {
  return READ_BUFFERS.isLent(chunk)
}

/** Releases bytes of S3's answer that have been written, and that nobody else has. Once. */
export function releaseRead(chunk: Buffer): void {
  READ_BUFFERS.release(chunk)
}

/**
 * The option `onread` of a socket, which reads into these buffers. All else is the socket's own doing:
 * what was read is pushed as ever, and waits and stops as ever.
 */
export function readIntoBuffers(socket: () => Socket): {
  readonly buffer: () => Buffer
  readonly callback: (bytes: number) => boolean
} {
  let buffer = READ_BUFFERS.take()
  return {
    // Asked for after each callback, and for each address that is tried.
    buffer: () => buffer,
    callback: (bytes) => {
      if (bytes <= COPIED_BYTES_MAX) return socket().push(Buffer.from(buffer.subarray(0, bytes)))
      const chunk = READ_BUFFERS.lend(buffer, bytes)
      buffer = READ_BUFFERS.take()
      return socket().push(chunk)
    },
  }
}
