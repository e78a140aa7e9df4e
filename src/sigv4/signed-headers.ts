import { lowerCaseName } from '../base/header-list.ts'

/** The limit of names in SignedHeaders. */
export const SIGNED_HEADERS_MAX = 100

/**
 * Parses a SignedHeaders list (`host;range;x-amz-date`) and returns the names sorted. Undefined if
 * it is empty, has an empty, repeated or upper-case name, an invalid character, or more than {@link
 * SIGNED_HEADERS_MAX} names.
 *
 * Sorted, because the canonical request lists them in order, whatever the client's order.
 */
export function parseSignedHeaders(text: string): readonly string[] | undefined {
  if (text === lastParsed.text) return lastParsed.names
  const names = parseNames(text)
  if (names !== undefined) lastParsed = { text, names }
  return names
}

/** The next request nearly always signs the same: a client signs few kinds of requests. */
let lastParsed: { readonly text: string; readonly names: readonly string[] | undefined } = {
  text: '',
  names: undefined,
}

function parseNames(text: string): readonly string[] | undefined {
  const names = text.split(';', SIGNED_HEADERS_MAX + 1)
  if (names.length > SIGNED_HEADERS_MAX) return undefined
  let isSorted = true
  for (let i = 0; i < names.length; i++) {
    const name = names[i] ?? ''
    if (!isLowerCaseToken(name)) return undefined
    if (i > 0 && name <= (names[i - 1] ?? '')) isSorted = false
  }
  if (isSorted) return names.map(lowerCaseName)
  names.sort()
  for (let i = 1; i < names.length; i++) {
    if (names[i] === names[i - 1]) return undefined
  }
  return names.map(lowerCaseName)
}

/** Longer lists use binary search; for shorter ones, nearly all, a linear scan is faster. */
const WALKED_NAMES_MAX = 16

/**
 * Returns the index of a (lower-case) name in a list of {@link parseSignedHeaders}; −1 if absent. A
 * request may have thousands of fields and a hundred signed headers.
 */
export function signedIndexOf(signedHeaders: readonly string[], name: string): number {
  if (signedHeaders.length <= WALKED_NAMES_MAX) return signedHeaders.indexOf(name)
  let low = 0
  let high = signedHeaders.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((signedHeaders[middle] ?? '') < name) low = middle + 1
    else high = middle
  }
  return signedHeaders[low] === name ? low : -1
}

/** Returns whether a text is a field name (RFC 9110 section 5.1) without upper-case letters. */
export function isLowerCaseToken(text: string): boolean {
  if (text.length === 0) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const isLetterOrDigit = (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39)
    if (!isLetterOrDigit && code !== 0x2d && !"!#$%&'*+.^_`|~".includes(text.charAt(i))) {
      return false
    }
  }
  return true
}
