/** A compiled glob in which `*` matches any run of characters, including none and `/`. */
export interface Pattern {
  readonly text: string
  /** The literal pieces between the stars; a single piece means no star, an exact match. */
  readonly pieces: readonly string[]
}

/** Compiles a glob; every character except `*` matches itself. */
export function compilePattern(text: string): Pattern {
  return { text, pieces: text.split('*') }
}

/**
 * Returns whether the whole value matches. Linear in the value: no regular expression, no
 * backtracking.
 */
export function matchesPattern(pattern: Pattern, value: string): boolean {
  const { pieces } = pattern
  const first = pieces[0] ?? ''
  if (pieces.length === 1) return value === first
  const last = pieces[pieces.length - 1] ?? ''
  if (value.length < first.length + last.length) return false
  if (!value.startsWith(first) || !value.endsWith(last)) return false
  const end = value.length - last.length
  let at = first.length
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] as string
    const found = value.indexOf(piece, at)
    if (found === -1 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

/** Returns whether any of the patterns matches. */
export function matchesAny(patterns: readonly Pattern[], value: string): boolean {
  for (const pattern of patterns) {
    if (matchesPattern(pattern, value)) return true
  }
  return false
}
