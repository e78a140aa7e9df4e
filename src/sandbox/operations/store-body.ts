import { type BucketStore, newFileName } from '../bucket-store.ts'
import { DataFileWriter } from '../data-file.ts'
import type { Exchange } from '../exchange.ts'
import type { BodyFacts } from '../receive-body.ts'
import type { Segment } from '../records.ts'

/** A body that has been stored: not visible before a record names its segment. */
interface StoredBody {
  readonly segment: Segment
  readonly facts: BodyFacts
}

/**
 * Reads an object's body into a new data file. If the body is invalid or the client disconnects,
 * removes the file and rethrows.
 */
export async function storeBody(
  exchange: Exchange,
  bucket: BucketStore,
  needsMd5: boolean,
): Promise<StoredBody> {
  const file = newFileName()
  const writer = new DataFileWriter(bucket.dataPath(file))
  try {
    const facts = await exchange.receive(needsMd5, (piece) => writer.write(piece))
    await writer.finish()
    return { segment: { file, size: facts.size }, facts }
  } catch (error) {
    await writer.discard()
    throw error
  }
}
