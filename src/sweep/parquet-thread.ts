import { parentPort, workerData } from 'node:worker_threads'
import { columnName } from './inventory-columns.ts'
import type { ParquetBatch, ParquetQuestion } from './parquet-reader.ts'
import { parquetRows } from './parquet-rows.ts'

/** Rows in one message. */
const BATCH_ROWS = 1000

const { path, from }: ParquetQuestion = workerData
const rows = parquetRows(path, columnName, from)

/** Each message asks for one batch. */
parentPort?.on('message', () => {
  void readBatch().then((batch) => parentPort?.postMessage(batch))
})

async function readBatch(): Promise<ParquetBatch> {
  const batch: ParquetBatch['rows'] = []
  try {
    while (batch.length < BATCH_ROWS) {
      const next = await rows.next()
      if (next.done === true) return { rows: batch, isLast: true, error: undefined }
      batch.push(next.value)
    }
    return { rows: batch, isLast: false, error: undefined }
  } catch (error) {
    return { rows: [], isLast: true, error: error instanceof Error ? error.message : String(error) }
  }
}
