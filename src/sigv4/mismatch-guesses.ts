import type { HeaderList } from '../base/header-list.ts'
import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from '../s3/payload.ts'
import { decodePercent, encodePath } from '../s3/percent-encoding.ts'
import { type CanonicalParts, canonicalHeaderValue } from './canonical-request.ts'

/** A common mistake of signers: what they signed instead. */
interface MismatchGuess {
  /** Kebab-case. */
  readonly reason: string
  /** The signer's likely mistake, for an operator. */
  readonly text: string
  /** The signed parts if the guess is right. */
  readonly parts: CanonicalParts
}

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const

/**
 * Returns what a signer may have signed instead of `parts`: the usual mistakes, one at a time.
 *
 * `path` is the decoded path, `rawPath` the path as sent.
 */
export function mismatchGuesses(
  parts: CanonicalParts,
  path: string,
  rawPath: string,
): readonly MismatchGuess[] {
  return [
    ...methodGuesses(parts),
    ...pathGuesses(parts, path, rawPath),
    ...queryGuesses(parts),
    ...hostGuesses(parts),
    ...payloadGuesses(parts),
    ...headerGuesses(parts),
  ]
}

function methodGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  return METHODS.filter((method) => method !== parts.method).map((method) => ({
    reason: 'other-method',
    text: `The signature is for ${method}, not for ${parts.method}.`,
    parts: { ...parts, method },
  }))
}

function pathGuesses(
  parts: CanonicalParts,
  path: string,
  rawPath: string,
): readonly MismatchGuess[] {
  return [
    {
      reason: 'path-encoded-twice',
      text: 'The signer encoded the path twice. S3 is the only service that encodes it once.',
      parts: { ...parts, canonicalUri: encodePath(encodePath(path)) },
    },
    {
      reason: 'path-normalized',
      text: 'The signer removed "//", "/./" or "/../" from the path. For S3 they are part of the key.',
      parts: { ...parts, canonicalUri: encodePath(normalizedPath(path)) },
    },
    {
      reason: 'path-plus',
      text: 'The signer read "+" in the path as a plus sign. It means a space; send %2B.',
      parts: {
        ...parts,
        canonicalUri: encodePath(decodePercent(rawPath.replaceAll('+', '%2B')) ?? path),
      },
    },
    {
      reason: 'path-signed-as-sent',
      text: 'The signer signed the path as it was sent. Percent-encode it first: all characters except A-Z, a-z, 0-9, "-", ".", "_", "~" and "/", in upper-case hex.',
      parts: { ...parts, canonicalUri: rawPath },
    },
  ]
}

function queryGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  return [
    {
      reason: 'query-not-signed',
      text: 'The signer omitted the query.',
      parts: { ...parts, canonicalQuery: '' },
    },
    {
      reason: 'query-plus',
      text: 'The signer read "+" in the query as a plus sign. It means a space; send %2B.',
      parts: { ...parts, canonicalQuery: parts.canonicalQuery.replaceAll('%20', '%2B') },
    },
    {
      reason: 'query-space-as-plus',
      text: 'The signer signed a space in the query as "+". It must be %20.',
      parts: { ...parts, canonicalQuery: parts.canonicalQuery.replaceAll('%20', '+') },
    },
  ]
}

function hostGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  const at = parts.headers.indexOf('host')
  const host = parts.headers[at + 1] ?? ''
  const name = host.replace(/:\d+$/, '')
  return [name, `${name}:80`, `${name}:443`].map((other) => ({
    reason: 'other-host',
    text: `The signature is for the Host ${other}, not for ${host}: a proxy in between changes it.`,
    parts: { ...parts, headers: replaced(parts.headers, at + 1, other) },
  }))
}

function payloadGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  return [UNSIGNED_PAYLOAD, EMPTY_SHA256].map((payloadHash) => ({
    reason: 'other-payload-hash',
    text: `The signer used ${payloadHash === EMPTY_SHA256 ? 'the hash of an empty body' : payloadHash} as the payload hash, not the value of x-amz-content-sha256.`,
    parts: { ...parts, payloadHash },
  }))
}

function headerGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  return [
    {
      reason: 'headers-joined-with-space',
      text: 'The signer joined repeated headers with a comma and a space. It must be a comma only.',
      parts: { ...parts, headers: joined(parts.headers) },
    },
  ]
}

/** Returns the path as URL parsers normalise it. */
function normalizedPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '.' && segment !== '') segments.push(segment)
  }
  const isFolder = path.endsWith('/') && segments.length > 0
  return `/${segments.join('/')}${isFolder ? '/' : ''}`
}

function replaced(headers: HeaderList, index: number, value: string): HeaderList {
  return headers.map((text, at) => (at === index ? value : text))
}

function joined(headers: HeaderList): HeaderList {
  const values = new Map<string, string>()
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const value = canonicalHeaderValue(headers[i + 1] ?? '')
    const before = values.get(name)
    values.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return [...values].flat()
}
