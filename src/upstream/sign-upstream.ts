import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import type { S3Error } from '../s3/error.ts'
import { type SignedRequest, signRequest } from '../sigv4/sign.ts'
import type { SigningKeyCache } from '../sigv4/signing-key.ts'
import type { Destination } from './destination.ts'
import type { Upstream } from './upstream.ts'

/** Everything of a request that the upstream signature covers. */
export interface Signable {
  readonly method: string
  readonly destination: Destination
  /** For whom it is, and on which bucket: both may have credentials of their own. */
  readonly client: Client | undefined
  readonly bucket: string | undefined
  /** Flat, lower-case names, Host included. */
  readonly headers: readonly string[]
  /** The value of x-amz-content-sha256. */
  readonly payloadHash: string
}

/**
 * Signs a request under the proxy's own credentials, as the last step before it leaves: after this
 * nothing of the head changes. Without credentials nothing is sent: ServiceUnavailable.
 */
export function signUpstream(
  upstream: Upstream,
  keys: SigningKeyCache,
  request: Signable,
  nowMs: number,
): Result<SignedRequest, S3Error> {
  const credentials = upstream.credentialsOf(request.client, request.bucket)
  if (credentials === undefined) return failure(noCredentials())
  const { path, query, region } = request.destination
  return ok(
    signRequest({
      method: request.method,
      path,
      query,
      headers: request.headers,
      payloadHash: request.payloadHash,
      credentials,
      region,
      service: 's3',
      nowMs,
      keys,
    }),
  )
}

/** There is nothing to sign with now; unsigned, nothing leaves. */
export function noCredentials(): S3Error {
  return {
    code: 'ServiceUnavailable',
    reason: 'no-upstream-credentials',
    message: 'Service is unable to handle request.',
    source: 'internal',
  }
}
