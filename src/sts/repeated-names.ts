/**
 * Returns whether an object in a JSON text has a name twice, at any depth. Parsers differ on which
 * of two values they take, so the issuer may have signed another claim than the one that is read.
 * Names are compared without escapes: `"\u0073ub"` is `"sub"`.
 *
 * The text must be valid JSON. Linear, without recursion.
 */
export function hasRepeatedNames(json: string): boolean {
  /** The names of the open objects; undefined: an array. */
  const open: (Set<string> | undefined)[] = []
  let at = 0
  while (at < json.length) {
    const start = at
    at = json[at] === '"' ? endOfString(json, at) : at + 1
    switch (json[start]) {
      case '"':
        if (isName(json, at) && isRepeated(json.slice(start, at), open.at(-1))) return true
        break
      case '{':
        open.push(new Set())
        break
      case '[':
        open.push(undefined)
        break
      case '}':
      case ']':
        open.pop()
    }
  }
  return false
}

/** Adds a name, as it is written, to the names of its object. */
function isRepeated(written: string, names: Set<string> | undefined): boolean {
  const name: unknown = JSON.parse(written)
  if (names === undefined || typeof name !== 'string' || names.has(name)) return true
  names.add(name)
  return false
}

/** The position after the closing quote. */
function endOfString(json: string, start: number): number {
  let at = start + 1
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}

/** Whether a string that ends there is a name: a colon follows. */
function isName(json: string, end: number): boolean {
  let at = end
  while (json[at] === ' ' || json[at] === '\t' || json[at] === '\n' || json[at] === '\r') at++
  return json[at] === ':'
}
