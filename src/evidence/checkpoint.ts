import { failure, ok, type Result } from '../base/result.ts'
import type { TreeHead } from './proof.ts'
import { HASH_BYTES } from './tree.ts'

/** The state of a log at one size. */
export interface Checkpoint extends TreeHead {
  /** The log's name; no space, no plus. */
  readonly origin: string
}

/** The text that is signed. Source: https://c2sp.org/tlog-checkpoint */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`
}

/**
 * Parses the text of a checkpoint. Extension lines are refused: this log writes none, and an
 * ignored line could contain anything.
 *
 * Source: https://c2sp.org/tlog-checkpoint
 */
export function parseCheckpoint(text: string): Result<Checkpoint, string> {
  const [origin = '', digits = '', base64 = '', end, ...more] = text.split('\n')
  if (origin === '' || end !== '' || more.length > 0) return failure('not a checkpoint')
  const size = /^(?:0|[1-9]\d{0,15})$/.test(digits) ? Number(digits) : Number.NaN
  if (!Number.isSafeInteger(size)) return failure('the size of the checkpoint is not a number')
  const root = Buffer.from(base64, 'base64')
  if (root.length !== HASH_BYTES || root.toString('base64') !== base64) {
    return failure('the root of the checkpoint is not a hash')
  }
  return ok({ origin, size, root })
}
