/** The place of consecutive leaves: complete, adjacent lines of one file. */
export interface OrderEntry {
  /** Index of the first leaf. */
  readonly first: number
  readonly count: number
  /** Name of the file below `lines/`; after a move or compression it may have another. */
  readonly file: string
  /** The offset of the first byte; in the decompressed data if the file was compressed. */
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

const ENTRY =
  /^(0|[1-9]\d{0,14}) (0|[1-9]\d{0,14}) ([A-Za-z0-9._-]{1,250}\.jsonl) (0|[1-9]\d{0,14}) (0|[1-9]\d{0,14})$/

/**
 * Parses the entries of `order`, up to the first invalid or non-consecutive one: a crash may have
 * left anything after the last checkpoint. The order need not be trusted, because a wrong one
 * results in another root.
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
