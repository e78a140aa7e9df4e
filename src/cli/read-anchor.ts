import { failure, ok, type Result } from '../base/result.ts'
import { type AnchoredNote, readAnchorFolder } from '../trail/anchor-folder.ts'
import { isBucketPlace, openBucketPlace } from './anchor-place.ts'
import type { Terminal } from './command.ts'
import { readAnchorBucket } from './read-anchor-bucket.ts'

/**
 * Reads the checkpoints that somebody else holds: `s3://BUCKET/PREFIX`, or a folder, whose file system's
 * error is thrown. `configFile`: the configuration whose `upstream` has the bucket; undefined: AWS's own
 * variables.
 */
export async function readAnchor(
  anchor: string,
  configFile: string | undefined,
  terminal: Terminal,
): Promise<Result<readonly AnchoredNote[], string>> {
  if (!isBucketPlace(anchor)) return ok(readAnchorFolder(anchor))
  const opened = await openBucketPlace(anchor, configFile, terminal)
  if (!opened.ok) return opened
  const { upstream, place } = opened.value
  try {
    const { signal } = new AbortController()
    const link = { upstream, signal, isPayer: false }
    const notes = await readAnchorBucket(link, place)
    return notes.ok ? notes : failure(`--anchor: ${notes.error}`)
  } finally {
    await upstream.close()
  }
}
