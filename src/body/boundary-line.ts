/** Spaces and tabs behind a boundary: RFC 2046 lets gateways add some. */
export const BOUNDARY_PADDING_BYTES_MAX = 64

/** What the rest of a boundary's line says; `at` is where the part begins. */
type BoundaryLine =
  | { readonly kind: 'part'; readonly at: number }
  | { readonly kind: 'close' }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }

/**
 * Reads what follows the characters of a boundary, from `start` on: a line end, behind which a part
 * begins, or `--`, which closes the form, before a line end or the end of the bytes. Spaces and
 * tabs before the line end are ignored.
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
