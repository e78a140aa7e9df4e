import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { QueryParameter } from '../s3/query.ts'
import { parseAuthorizationHeader } from '../sigv4/authorization-header.ts'
import { sha256Hex } from '../sigv4/canonical-request.ts'
import type { SigningKeyCache } from '../sigv4/signing-key.ts'
import { verifySignature } from '../sigv4/verify.ts'
import type { Session, SessionAuthority } from './session-authority.ts'
import { type StsError, stsRefusal } from './sts-error.ts'

/** A request to STS that is signed, and what its signature is verified with. */
interface SignedCall {
  readonly method: string
  readonly query: readonly QueryParameter[]
  readonly headers: HeaderList
  readonly body: Buffer
  readonly keys: SigningKeyCache
  readonly nowMs: number
}

/**
 * Finds whose session keys signed a request, in its Authorization header. Any region is taken: the
 * answer depends on none, and clients sign for their own.
 */
export function identifyCaller(
  authority: SessionAuthority,
  { method, query, headers, body, keys, nowMs }: SignedCall,
): Result<Session, StsError> {
  if (headerCount(headers, 'authorization') !== 1) return failure(stsRefusal('unsigned'))
  const parsed = parseAuthorizationHeader(headerValue(headers, 'authorization') ?? '')
  if (!parsed.ok) return failure(stsRefusal('signature-malformed', parsed.error.message))
  if (headerCount(headers, 'x-amz-security-token') > 1) {
    return failure(stsRefusal('session-token-invalid'))
  }
  const sessionToken = headerValue(headers, 'x-amz-security-token')
  const { credential } = parsed.value
  const session = authority.find(credential.accessKeyId, sessionToken, nowMs)
  if (session === undefined) return failure(stsRefusal('session-token-invalid'))
  if (!session.ok) return failure(refusalOf(session.error))
  const payloadHash = sha256Hex(body.toString('latin1'))
  const verified = verifySignature({
    method,
    path: '/',
    query,
    headers,
    authentication: {
      kind: 'header',
      ...parsed.value,
      payloadHash,
      sessionToken,
      hoistedHeaders: [],
      remainingQuery: query,
    },
    payloadHash,
    secretAccessKeys: session.value.secretAccessKeys,
    sessionToken,
    region: credential.region,
    service: 'sts',
    nowMs,
    keys,
  })
  return verified.ok ? ok(session.value) : failure(refusalOf(verified.error))
}

function refusalOf({ reason, message }: S3Error): StsError {
  switch (reason) {
    case 'session-expired':
      return stsRefusal('session-expired')
    case 'session-token-invalid':
    case 'unknown-access-key':
      return stsRefusal('session-token-invalid')
    case 'clock-skew':
      return stsRefusal('signature-expired')
    case 'signature-mismatch':
    case 'signed-header-absent':
      return stsRefusal('signature-mismatch')
    default:
      return stsRefusal('signature-malformed', message)
  }
}
