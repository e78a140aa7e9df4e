import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Cell } from './parquet-columns.ts'

/** What a thread reads. */
export interface ParquetQuestion {
  readonly path: string
  /** The first row. */
  readonly from: number
}

/** Some rows of a file. */
export interface ParquetBatch {
  readonly rows: ReadonlyMap<string, Cell>[]
  readonly isLast: boolean
  /** For people; undefined: the rows are good. */
  readonly error: string | undefined
}

const THREAD = new URL('./parquet-thread.js', import.meta.url)
const MEMORY_MIB = 192

/**
 * Reads a Parquet file in a thread of its own: a file that was made for it unpacks to any size inside of a page, and
 * then only the thread runs out of memory. Throws an error with words for people.
 */
export async function* readParquet(
  path: string,
  from: number,
): AsyncGenerator<ReadonlyMap<string, Cell>> {
  const question: ParquetQuestion = { path, from }
  const thread = new Worker(THREAD, {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MIB },
  })
  try {
    for (;;) {
      thread.ref()
      thread.postMessage('more')
      const { rows, isLast, error } = await nextBatch(thread, path)
      // Between batches it does not keep the process alive: a plan that is stopped reads no further.
      thread.unref()
      if (error !== undefined) throw new Error(error)
      yield* rows
      if (isLast) return
    }
  } finally {
    await thread.terminate()
  }
}

async function nextBatch(thread: Worker, path: string): Promise<ParquetBatch> {
  try {
    const [batch]: ParquetBatch[] = await once(thread, 'message')
    if (batch !== undefined) return batch
  } catch (error) {
    if (Object(error).code !== 'ERR_WORKER_OUT_OF_MEMORY') throw error
  }
  throw new Error(
    `${path}: unpacked, it needs more than ${MEMORY_MIB} MiB of memory: write the file with smaller groups of rows`,
  )
}
