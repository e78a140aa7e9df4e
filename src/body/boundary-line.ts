/** Limit of spaces and tabs after a boundary: RFC 2046 allows gateways to add some. */
export const BOUNDARY_PADDING_BYTES_MAX = 64

/** The result of parsing the rest of a boundary's line; `at` is the start of the part. */
type BoundaryLine =
  | { readonly kind: 'part'; readonly at: number }
  | { readonly kind: 'close' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }

/**
 * Parses the bytes after the characters of a boundary, from `start` on. A line end starts a part.
 * `--` closes the form, if a line end or the end of the bytes follows. Spaces and tabs before the
 * line end are ignored.
 *
 * Source: RFC 2046, section 5.1.1, `transport-padding`.
 */
export function readBoundaryLine(bytes: Buffer, start: number): BoundaryLine {
  if (bytes[start] !== DASH) return readLineEnd(bytes, start)
  if (start + 1 === bytes.length) return { kind: 'incomplete' }
  if (bytes[start + 1] !== DASH) return { kind: 'malformed' }
  const line = readLineEnd(bytes, start + 2)
  if (line.kind === 'part' || (line.kind === 'incomplete' && bytes.at(-1) !== CR)) {
    return { kind: 'close' }
  }
  return line
}

function readLineEnd(bytes: Buffer, start: number): BoundaryLine {
  const paddingEnd = start + BOUNDARY_PADDING_BYTES_MAX
  let at = start
  while (at < paddingEnd && (bytes[at] === SPACE || bytes[at] === TAB)) at += 1
  if (at === bytes.length) return { kind: 'incomplete' }
  if (bytes[at] !== CR) return { kind: 'malformed' }
  if (at + 1 === bytes.length) return { kind: 'incomplete' }
  return bytes[at + 1] === LF ? { kind: 'part', at: at + 2 } : { kind: 'malformed' }
}

const SPACE = 0x20
const TAB = 0x09
const CR = 0x0d
const LF = 0x0a
const DASH = 0x2d
