import { failure, ok, type Result } from '../base/result.ts'
import { HASH_BYTES } from './tree.ts'

/** A proof that one leaf is in a log, with the checkpoint that it leads to. */
interface TlogProof {
  /** The data of the leaf; not authenticated by itself. */
  readonly extra: Buffer | undefined
  readonly index: number
  readonly path: readonly Buffer[]
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: Buffer
}

const HEADER = 'c2sp.org/tlog-proof@v1'
/** A path is as long as the tree is high. */
const PATH_MAX = 63

/** The text of a proof. Source: https://c2sp.org/tlog-proof */
export function formatTlogProof({ extra, index, path, checkpoint }: TlogProof): string {
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${extra.toString('base64')}`]),
    `index ${index}`,
    ...path.map((hash) => hash.toString('base64')),
  ]
  return `${lines.join('\n')}\n\n${checkpoint.toString('utf8')}`
}

/** Parses the text of a proof; nothing is verified yet. Source: https://c2sp.org/tlog-proof */
export function parseTlogProof(text: string): Result<TlogProof, string> {
  const blank = text.indexOf('\n\n')
  if (blank < 0) return failure('not a tlog-proof')
  const lines = text.slice(0, blank).split('\n')
  if (lines.shift() !== HEADER) return failure(`the first line is not ${HEADER}`)
  let extra: Buffer | undefined
  if (lines[0]?.startsWith('extra ')) {
    const base64 = lines[0].slice('extra '.length)
    extra = Buffer.from(base64, 'base64')
    if (extra.toString('base64') !== base64) return failure('extra is not base64')
    lines.shift()
  }
  const [, digits] = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '') ?? []
  const index = Number(digits)
  if (!Number.isSafeInteger(index)) return failure('the proof has no index')
  if (lines.length > PATH_MAX) return failure('the path is too long')
  const path: Buffer[] = []
  for (const line of lines) {
    const hash = Buffer.from(line, 'base64')
    if (hash.length !== HASH_BYTES || hash.toString('base64') !== line) {
      return failure('a line of the path is not a hash')
    }
    path.push(hash)
  }
  return ok({ extra, index, path, checkpoint: Buffer.from(text.slice(blank + 2), 'utf8') })
}
