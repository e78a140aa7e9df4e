/** Where some leaves of the tree stand: whole lines of one file, one after the other. */
export interface OrderEntry {
  /** Index of the first leaf. */
  readonly first: number
  readonly count: number
  /** Name of the file below `lines/`; after a move or compression it may have another. */
  readonly file: string
  /** Of the first byte; of what gzip gives back, if the file was compressed. */
  readonly offset: number
  /** With the LF of each line. */
  readonly bytes: number
}

/** Names of line files: nothing that a line of `order` could be torn by. */
export const LINES_FILE = /^[A-Za-z0-9._-]{1,250}\.jsonl$/

/** One line of `order`, with its LF. */
export function formatOrderEntry({ first, count, file, offset, bytes }: OrderEntry): string {
  return `${first} ${count} ${file} ${offset} ${bytes}\n`
}

const NUMBER = '(0|[1-9]\\d{0,14})'
const ENTRY = new RegExp(
  `^${NUMBER} ${NUMBER} ([A-Za-z0-9._-]{1,250}\\.jsonl) ${NUMBER} ${NUMBER}$`,
)

/**
 * The entries of `order`, up to the first that is not one or does not follow the one before it: behind
 * the last checkpoint a crash may have left anything. Nothing is trusted here: a wrong order gives
 * another root.
 */
export function parseOrder(text: string): readonly OrderEntry[] {
  const entries: OrderEntry[] = []
  let next = 0
  const lines = text.split('\n')
  lines.pop() // without a LF: not whole
  for (const line of lines) {
    const [, first, count, file = '', offset, bytes] = ENTRY.exec(line) ?? []
    const entry = {
      first: Number(first),
      count: Number(count),
      file,
      offset: Number(offset),
      bytes: Number(bytes),
    }
    if (entry.first !== next || entry.count === 0) break
    next += entry.count
    entries.push(entry)
  }
  return entries
}
