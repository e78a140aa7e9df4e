/** An `add` of JSON Patch; the webhook needs no other operation. Source: RFC 6902 section 4.1. */
export interface JsonPatchAdd {
  readonly op: 'add'
  /** A JSON pointer (RFC 6901); `/-` at the end appends to an array. */
  readonly path: string
  readonly value: unknown
}

/**
 * Operations that put `items` at the start or the end of the array at `path`, or create the array
 * if it is missing (an `add` to a missing array is an error).
 */
export function addToArray(
  path: string,
  isThere: boolean,
  position: 'first' | 'last',
  items: readonly unknown[],
): readonly JsonPatchAdd[] {
  if (items.length === 0) return []
  if (!isThere) return [{ op: 'add', path, value: items }]
  if (position === 'last') return items.map((value) => ({ op: 'add', path: `${path}/-`, value }))
  return items.map((value, index) => ({ op: 'add', path: `${path}/${index}`, value }))
}
