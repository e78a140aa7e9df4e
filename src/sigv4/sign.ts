import type { HeaderList } from '../base/header-list.ts'
import { formatAmzDate } from './amz-date.ts'
import { ALGORITHM } from './authorization-header.ts'
import { buildCanonicalRequest } from './canonical-request.ts'
import { scopeText } from './scope.ts'
import { requestSignature, type SeedSignature } from './seed-signature.ts'
import type { SigningKeyCache } from './signing-key.ts'

/** The credentials to sign with. */
export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** A request to sign, in the form in which it will be sent. */
interface SigningRequest {
  readonly method: string
  /** Percent-encoded as S3 does (see `encodePath`), leading `/` included. */
  readonly path: string
  /** Sorted and encoded (see `canonicalQuery`); must be sent unchanged. Empty if there is none. */
  readonly query: string
  /** Lower-case names, latin1 values, `host` included. */
  readonly headers: HeaderList
  /** The value of `x-amz-content-sha256`. */
  readonly payloadHash: string
  readonly credentials: SigningCredentials
  readonly region: string
  readonly service: string
  /** The time to sign at, in ms since the epoch; truncated to the second. */
  readonly nowMs: number
  readonly keys: SigningKeyCache
}

/** The signed headers, and the seed for the signatures of the chunks and the trailer. */
interface SignedHead {
  readonly headers: string[]
  readonly seed: SeedSignature
}

/**
 * Signs a request: returns its headers with `x-amz-date`, `x-amz-content-sha256`,
 * `x-amz-security-token` (if the credentials have one) and `authorization`. Fields with these names
 * in `headers` are dropped, so that no part of a client's authentication reaches S3.
 *
 * Signs only `host`, `content-type`, `content-md5` and every `x-amz-*`. Other headers (`range`,
 * `user-agent`, `accept-encoding`, `expect`, `connection`) may be changed by an intermediary, which
 * would break the signature.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signRequest(request: SigningRequest): SignedHead {
  const { credentials, region, service } = request
  const timestamp = formatAmzDate(request.nowMs)
  const headers: string[] = []
  for (let i = 0; i < request.headers.length; i += 2) {
    const name = request.headers[i] ?? ''
    if (isReplaced(name)) continue
    headers.push(name, request.headers[i + 1] ?? '')
  }
  headers.push('x-amz-date', timestamp, 'x-amz-content-sha256', request.payloadHash)
  if (credentials.sessionToken !== undefined) {
    headers.push('x-amz-security-token', credentials.sessionToken)
  }
  const signedHeaders = signedNames(headers)
  const canonicalRequest = buildCanonicalRequest({
    method: request.method,
    canonicalUri: request.path,
    canonicalQuery: request.query,
    headers,
    signedHeaders,
    payloadHash: request.payloadHash,
  })
  const date = timestamp.slice(0, 8)
  const scope = scopeText(date, region, service)
  const signingKey = request.keys.get(credentials.secretAccessKey, date, region, service)
  const signature = requestSignature(signingKey, timestamp, scope, canonicalRequest)
  headers.push(
    'authorization',
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
  )
  return { headers, seed: { signature, signingKey, timestamp, scopeText: scope } }
}

function isReplaced(name: string): boolean {
  return (
    name === 'authorization' ||
    name === 'x-amz-date' ||
    name === 'x-amz-content-sha256' ||
    name === 'x-amz-security-token'
  )
}

function signedNames(headers: HeaderList): readonly string[] {
  const names: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (
      name.startsWith('x-amz-') ||
      name === 'host' ||
      name === 'content-type' ||
      name === 'content-md5'
    ) {
      names.push(name)
    }
  }
  return withoutRepeated(names.length > FEW_NAMES ? names.sort() : sortInPlace(names))
}

/** A client that need not sign may send hundreds of `x-amz-meta-*`. */
const FEW_NAMES = 32

function withoutRepeated(sorted: readonly string[]): readonly string[] {
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i] === sorted[i - 1]) return sorted.filter((name, at) => name !== sorted[at - 1])
  }
  return sorted
}

/** Insertion sort: for a dozen names it costs less than sort(), which copies them first. */
function sortInPlace(names: string[]): readonly string[] {
  for (let i = 1; i < names.length; i++) {
    const name = names[i] ?? ''
    let at = i
    for (; at > 0 && (names[at - 1] ?? '') > name; at--) names[at] = names[at - 1] ?? ''
    names[at] = name
  }
  return names
}
