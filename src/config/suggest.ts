/** Returns the candidate closest to a mistyped word; undefined if none is close. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = word.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/**
 * The edit distance of two words; a transposition counts as one edit. Long words are infinitely
 * far.
 */
function editDistance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) row.push(cheapestEdit(a, b, i, j, rows))
  }
  return rows[a.length]?.[b.length] ?? 0
}

/** The distance of the first i letters to the first j, given the distances of shorter prefixes. */
function cheapestEdit(a: string, b: string, i: number, j: number, rows: readonly number[][]) {
  const at = (row: number, column: number): number => rows[row]?.[column] ?? i + j
  const isSame = a[i - 1] === b[j - 1]
  const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
  const swapped = isSwap ? at(i - 2, j - 2) + 1 : i + j
  return Math.min(swapped, at(i - 1, j - 1) + (isSame ? 0 : 1), at(i - 1, j) + 1, at(i, j - 1) + 1)
}
