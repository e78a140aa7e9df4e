import type { LineSink } from '../../src/telemetry/line-sink.ts'

/**
 * A file on a disk that fills and empties: takes what there is room for, and says ENOSPC where there
 * is none, as the kernel does. Writes end a turn of the event loop later.
 */
export class SmallDisk {
  /** Bytes that it still takes. */
  room: number
  /** Called after each write that took anything: another writer's turn. */
  afterWrite: () => void = () => undefined
  #content: Buffer = Buffer.alloc(0)

  constructor(room: number, content = '') {
    this.room = room
    this.#content = Buffer.from(content)
  }

  get text(): string {
    return this.#content.toString()
  }

  /** Appends as far as there is room; gives how many bytes that were. */
  append(bytes: Buffer): number {
    const taken = Math.min(this.room, bytes.length)
    this.room -= taken
    this.#content = Buffer.concat([this.#content, bytes.subarray(0, taken)])
    return taken
  }

  open(writeBytesMax = 1 << 16): LineSink {
    const write = (bytes: Buffer): number => {
      const taken = this.append(bytes)
      if (taken === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      this.afterWrite()
      return taken
    }
    return {
      kind: 'file',
      endsTorn: this.text !== '' && !this.text.endsWith('\n'),
      writeBytesMax,
      write: (bytes, callback) => {
        setImmediate(() => {
          try {
            callback(null, write(bytes))
          } catch (error) {
            callback(error instanceof Error ? error : new Error(String(error)), 0)
          }
        })
      },
      writeSync: write,
      close: async () => undefined,
    }
  }
}
