import { hash } from 'node:crypto'
import type { HeaderList } from '../base/header-list.ts'
import { signedIndexOf } from './signed-headers.ts'

/** The parts of a request that a signature covers. */
export interface CanonicalParts {
  readonly method: string
  /** The path in S3's encoding: encoded once, `/` kept, nothing normalised; `/` if it is empty. */
  readonly canonicalUri: string
  /** Sorted and encoded, without `X-Amz-Signature`. */
  readonly canonicalQuery: string
  /** The request's headers; those that `signedHeaders` does not name are skipped. */
  readonly headers: HeaderList
  /** Lower case, sorted, each once and each among `headers`. */
  readonly signedHeaders: readonly string[]
  /** The value of `x-amz-content-sha256`: a hex SHA-256 or one of S3's words for other modes. */
  readonly payloadHash: string
}

/**
 * Builds the canonical request. Values are latin1 (one character per byte), so hash it as latin1.
 *
 * Fields with the same name are joined with a comma only. Node joins them with a comma and a space,
 * which results in another signature; this function therefore works on the raw list.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function buildCanonicalRequest(parts: CanonicalParts): string {
  const { headers, signedHeaders } = parts
  const values = new Array<string | undefined>(signedHeaders.length)
  for (let i = 0; i < headers.length; i += 2) {
    const at = signedIndexOf(signedHeaders, headers[i] ?? '')
    if (at === -1) continue
    const value = canonicalHeaderValue(headers[i + 1] ?? '')
    const before = values[at]
    values[at] = before === undefined ? value : `${before},${value}`
  }
  let text = `${parts.method}\n${parts.canonicalUri}\n${parts.canonicalQuery}\n`
  let names = ''
  for (let at = 0; at < signedHeaders.length; at++) {
    const name = signedHeaders[at]
    text += `${name}:${values[at] ?? ''}\n`
    names += at === 0 ? name : `;${name}`
  }
  return `${text}\n${names}\n${parts.payloadHash}`
}

/** Returns the lower-case hex SHA-256 of a latin1 text's bytes. */
export function sha256Hex(latin1Text: string): string {
  // crypto.hash reads a string as UTF-8; the one-shot form saves a third of createHash's time.
  return hash('sha256', Buffer.from(latin1Text, 'latin1'), 'hex')
}

/**
 * Returns a field's value for the canonical request: trimmed, with one space for each run of
 * blanks. Blanks are space and tab only: `\s` also matches 0xA0, which is half of "à" in UTF-8.
 */
export function canonicalHeaderValue(value: string): string {
  return hasSurplusBlanks(value) ? value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '') : value
}

function hasSurplusBlanks(value: string): boolean {
  const first = value.charCodeAt(0)
  const last = value.charCodeAt(value.length - 1)
  return first === 0x20 || last === 0x20 || value.includes('  ') || value.includes('\t')
}
