import type { HeaderList } from '../base/header-list.ts'
import { EMPTY_SHA256, UNSIGNED_PAYLOAD } from '../s3/payload.ts'
import { decodePercent, encodePath } from '../s3/percent-encoding.ts'
import { type CanonicalParts, canonicalHeaderValue } from './canonical-request.ts'

/** One way in which signers go wrong: what they signed instead. */
interface MismatchGuess {
  /** Kebab-case. */
  readonly reason: string
  /** What the signer seems to have done, for an operator. */
  readonly text: string
  /** What was signed if the guess is right. */
  readonly parts: CanonicalParts
}

const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'] as const

/**
 * What a signer may have signed instead of `parts`: the usual mistakes, one at a time.
 *
 * `path` is the decoded path, `rawPath` the one that was sent.
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
    text: `The signature is one for ${method}, not for ${parts.method}.`,
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
      text: 'The signer encoded the path twice. S3 alone of all services encodes it once.',
      parts: { ...parts, canonicalUri: encodePath(encodePath(path)) },
    },
    {
      reason: 'path-normalized',
      text: 'The signer took "//", "/./" or "/../" out of the path. For S3 they are part of the key.',
      parts: { ...parts, canonicalUri: encodePath(normalizedPath(path)) },
    },
    {
      reason: 'path-plus',
      text: 'The signer took "+" in the path for a plus sign. It means a space; send %2B.',
      parts: {
        ...parts,
        canonicalUri: encodePath(decodePercent(rawPath.replaceAll('+', '%2B')) ?? path),
      },
    },
    {
      reason: 'path-signed-as-sent',
      text: 'The signer signed the path as it was sent; it has to be percent-encoded first: all but A-Z, a-z, 0-9, "-", ".", "_", "~" and "/", in upper-case hex.',
      parts: { ...parts, canonicalUri: rawPath },
    },
  ]
}

function queryGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  return [
    {
      reason: 'query-not-signed',
      text: 'The signer left the query out.',
      parts: { ...parts, canonicalQuery: '' },
    },
    {
      reason: 'query-plus',
      text: 'The signer took "+" in the query for a plus sign. It means a space; send %2B.',
      parts: { ...parts, canonicalQuery: parts.canonicalQuery.replaceAll('%20', '%2B') },
    },
    {
      reason: 'query-space-as-plus',
      text: 'The signer wrote a space in the query as "+" where it signs. It has to be %20.',
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
    text: `The signature is one for the Host ${other}, not for ${host}: something on the way changes it.`,
    parts: { ...parts, headers: replaced(parts.headers, at + 1, other) },
  }))
}

function payloadGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  return [UNSIGNED_PAYLOAD, EMPTY_SHA256].map((payloadHash) => ({
    reason: 'other-payload-hash',
    text: `The signer took ${payloadHash === EMPTY_SHA256 ? 'the hash of an empty body' : payloadHash} for the payload hash, not what x-amz-content-sha256 says.`,
    parts: { ...parts, payloadHash },
  }))
}

function headerGuesses(parts: CanonicalParts): readonly MismatchGuess[] {
  return [
    {
      reason: 'headers-joined-with-space',
      text: 'The signer joined repeated headers with a comma and a space. It has to be a comma alone.',
      parts: { ...parts, headers: joined(parts.headers) },
    },
  ]
}

/** The path as URL parsers leave it. */
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
