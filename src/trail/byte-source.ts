import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { crc32, createInflateRaw } from 'node:zlib'

/** The bytes of a line file, one part after the other. */
export interface ByteSource {
  /** The size on disk, for a progress bar. */
  readonly diskBytes: number
  /** How many of them were read. */
  readonly readBytes: number
  /**
   * Reads the next bytes into the buffer from `at` on; returns their number, 0 at the end. Throws
   * DamagedFile if the file cannot be decoded.
   */
  read(buffer: Buffer, at: number): Promise<number>
  close(): void
}

/** A compressed file that is not one whole gzip member, and nothing else. */
export class DamagedFile extends Error {}

/** Opens a file with its current size: bytes that are appended later are not read. */
export function openSource(path: string): ByteSource {
  const file = openSync(path, 'r')
  const magic = Buffer.alloc(2)
  const isGzip = readSync(file, magic, 0, 2, 0) === 2 && magic.equals(GZIP)
  const size = fstatSync(file).size
  return isGzip ? new GzipSource(path, file, size) : new PlainSource(file, size)
}

const GZIP = Buffer.of(0x1f, 0x8b)

class PlainSource implements ByteSource {
  readonly diskBytes: number
  readonly #file: number
  #at = 0

  constructor(file: number, size: number) {
    this.#file = file
    this.diskBytes = size
  }

  get readBytes(): number {
    return this.#at
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    const bytes = Math.min(buffer.length - at, this.diskBytes - this.#at)
    if (bytes === 0) return 0
    const count = readSync(this.#file, buffer, at, bytes, this.#at)
    this.#at += count
    return count
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** The fields of a gzip header that can follow its ten bytes. Source: RFC 1952, section 2.3 */
const FLAG = { extra: 0x04, name: 0x08, comment: 0x10, headerCrc: 0x02, reserved: 0xe0 } as const
const HEADER_BYTES_MAX = 4096
const TRAILER_BYTES = 8

/**
 * Reads exactly one gzip member: node's own gunzip continues after it, so that a verifier would
 * miss appended data.
 */
class GzipSource implements ByteSource {
  readonly diskBytes: number
  readonly #file: number
  readonly #path: string
  #parts: AsyncIterator<Buffer> | undefined
  readonly #inflate = createInflateRaw({ chunkSize: 256 * 1024 })
  #part: Buffer = Buffer.alloc(0)
  #headerBytes = 0
  #crc = 0
  #size = 0

  constructor(path: string, file: number, size: number) {
    this.#path = path
    this.#file = file
    this.diskBytes = size
  }

  get readBytes(): number {
    return this.#inflate.bytesWritten
  }

  async read(buffer: Buffer, at: number): Promise<number> {
    this.#parts ??= this.#open()
    while (this.#part.length === 0) {
      const next = await this.#nextPart()
      if (next === undefined) return 0
      this.#part = next
    }
    const count = this.#part.copy(buffer, at)
    this.#part = this.#part.subarray(count)
    return count
  }

  close(): void {
    this.#inflate.destroy()
    closeSync(this.#file)
  }

  #open(): AsyncIterator<Buffer> {
    const header = Buffer.alloc(HEADER_BYTES_MAX)
    const bytes = readSync(this.#file, header, 0, HEADER_BYTES_MAX, 0)
    this.#headerBytes = headerBytes(header.subarray(0, bytes))
    const input = createReadStream(this.#path, { start: this.#headerBytes })
    input.on('error', (error) => this.#inflate.destroy(error))
    return input.pipe(this.#inflate)[Symbol.asyncIterator]()
  }

  async #nextPart(): Promise<Buffer | undefined> {
    let next: IteratorResult<Buffer> | undefined
    try {
      next = await this.#parts?.next()
    } catch {
      throw new DamagedFile('it is no whole gzip member')
    }
    if (next === undefined || next.done) {
      this.#checkTrailer()
      return undefined
    }
    this.#crc = crc32(next.value, this.#crc)
    this.#size += next.value.length
    return next.value
  }

  #checkTrailer(): void {
    const behind = this.diskBytes - this.#headerBytes - this.#inflate.bytesWritten
    if (behind < TRAILER_BYTES) throw new DamagedFile('its gzip member has no end')
    if (behind > TRAILER_BYTES) {
      throw new DamagedFile(`${behind - TRAILER_BYTES} bytes stand behind its gzip member`)
    }
    const trailer = Buffer.alloc(TRAILER_BYTES)
    readSync(this.#file, trailer, 0, TRAILER_BYTES, this.diskBytes - TRAILER_BYTES)
    const isGood =
      trailer.readUInt32LE(0) === this.#crc && trailer.readUInt32LE(4) === this.#size % 2 ** 32
    if (!isGood) throw new DamagedFile('its gzip checksum is wrong')
  }
}

function headerBytes(header: Buffer): number {
  const flags = header[3] ?? 0
  if (header.length < 18 || header[2] !== 8 || (flags & FLAG.reserved) !== 0) {
    throw new DamagedFile('its gzip header is malformed')
  }
  let at = 10
  if ((flags & FLAG.extra) !== 0) at += 2 + header.readUInt16LE(at)
  for (const field of [FLAG.name, FLAG.comment]) {
    if ((flags & field) === 0) continue
    const end = header.indexOf(0, at)
    if (end === -1) throw new DamagedFile('its gzip header is malformed')
    at = end + 1
  }
  if ((flags & FLAG.headerCrc) !== 0) at += 2
  if (at > header.length) throw new DamagedFile('its gzip header is malformed')
  return at
}
