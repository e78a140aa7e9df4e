import { mkdir, open } from 'node:fs/promises'
import { type LineSink, openLineSink } from './line-sink.ts'

/** What the names of a stream's files are made of. */
interface StreamFilesOptions {
  /** Of the trail; made if it is not there. */
  readonly directory: string
  /** `YYYY-MM-DDTHH:mm:ss.sssZ` */
  readonly time: string
  readonly replica: string
  readonly worker: number
  readonly stream: string
}

const STREAM_CHARS = 8

/**
 * The files of one stream, `<openTime>-<replica>-w<N>-<stream8>.<nnnn>.jsonl`, opened one after the
 * other. Nobody else writes to them.
 */
export class StreamFiles {
  readonly #directory: string
  readonly #stem: string
  /** How many have been opened, and how many names have been told. */
  #opened = 0
  #told = 1

  constructor({ directory, time, replica, worker, stream }: StreamFilesOptions) {
    const openTime = time.replace(/[-:.]/g, '')
    const host = replica.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)
    this.#directory = `${directory}/lines`
    this.#stem = `${openTime}-${host}-w${worker}-${stream.slice(0, STREAM_CHARS)}`
  }

  /** Opens the next one; throws what the file system says. The folder knows of it when this returns. */
  async open(): Promise<LineSink> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const file = `${this.#directory}/${this.#name(this.#opened)}`
    const sink = await openLineSink({ file, isOwn: true })
    await syncFolder(this.#directory)
    this.#opened++
    return sink
  }

  /** The name of the one after the last that was told. */
  next(): string {
    return this.#name(this.#told++)
  }

  #name(index: number): string {
    return `${this.#stem}.${String(index).padStart(4, '0')}.jsonl`
  }
}

/** A name that is not synced can be gone after a power loss, with all that was written to it. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
