import type { HeaderList } from '../base/header-list.ts'
import { formatAmzDate } from './amz-date.ts'
import { ALGORITHM } from './authorization-header.ts'
import { buildCanonicalRequest } from './canonical-request.ts'
import { scopeText } from './scope.ts'
import { requestSignature, type SeedSignature } from './seed-signature.ts'
import type { SigningKeyCache } from './signing-key.ts'

/** Keys to sign with. */
export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
}

/** A request to be signed, in the form in which it will be sent. */
interface SigningRequest {
  readonly method: string
  /** Percent-encoded as S3 does (see `encodePath`), leading `/` included. */
  readonly path: string
  /** Sorted and encoded (see `canonicalQuery`); send it as it is. Empty where there is none. */
  readonly query: string
  /** Lower-case names, latin1 values, `host` included. */
  readonly headers: HeaderList
  /** What goes into `x-amz-content-sha256`. */
  readonly payloadHash: string
  readonly credentials: SigningCredentials
  readonly region: string
  readonly service: string
  /** The time to sign at, in ms since the epoch; cut to the second. */
  readonly nowMs: number
  readonly keys: SigningKeyCache
}

/** Its headers, and the seed for the signatures of its chunks and trailer. */
interface SignedHead {
  readonly headers: string[]
  readonly seed: SeedSignature
}

/**
 * Signs a request: gives its headers with `x-amz-date`, `x-amz-content-sha256`,
 * `x-amz-security-token` (where the credentials have one) and `authorization`. Fields of these
 * names in `headers` are left out, so that nothing of a client's authentication can go upstream.
 *
 * Signed are `host`, `content-type`, `content-md5` and every `x-amz-*`. Nothing else: what an
 * intermediary may change (`range`, `user-agent`, `accept-encoding`, `expect`, `connection`) would
 * break the signature on the way.
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

/** By insertion: for a dozen names it costs less than sort(), which copies them first. */
function sortInPlace(names: string[]): readonly string[] {
  for (let i = 1; i < names.length; i++) {
    const name = names[i] ?? ''
    let at = i
    for (; at > 0 && (names[at - 1] ?? '') > name; at--) names[at] = names[at - 1] ?? ''
    names[at] = name
  }
  return names
}
