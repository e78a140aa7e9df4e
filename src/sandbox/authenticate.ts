import { authenticateHeader } from './authenticate-header.ts'
import { authenticatePresigned } from './authenticate-presigned.ts'
import type { SandboxAccount } from './credential.ts'
import { S3Fault } from './fault.ts'
import { header, type SandboxRequest } from './request.ts'

/** The account that signed, and the payload that the signature declares. */
export interface Authentication {
  readonly account: SandboxAccount
  /** The request, with hoisted headers in their place. */
  readonly request: SandboxRequest
  /** `x-amz-content-sha256`: a hash in hex, `UNSIGNED-PAYLOAD` or a streaming value. */
  readonly payload: string
  /** `YYYYMMDDTHHMMSSZ` */
  readonly dateTime: string
  readonly region: string
  /** The signature of the head: seed of the chunk signatures. */
  readonly signature: string
}

/** The inputs of authentication besides the request. */
export interface AuthenticationContext {
  readonly accounts: readonly SandboxAccount[]
  readonly region: string
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Verifies a request's signature, in the Authorization header or in the query.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html
 */
export function authenticate(
  request: SandboxRequest,
  context: AuthenticationContext,
): Authentication {
  const authorization = header(request, 'authorization')
  const isPresigned = request.query.some(([name]) => isPresignName(name))
  const isVersion2 = request.query.some(
    ([name]) => name === 'AWSAccessKeyId' || name === 'Signature',
  )
  if (authorization !== undefined && (isPresigned || isVersion2)) {
    throw new S3Fault(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    )
  }
  if (isVersion2 || authorization?.startsWith('AWS ')) {
    throw new S3Fault(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
    )
  }
  if (authorization !== undefined) return authenticateHeader(request, authorization, context)
  if (isPresigned) return authenticatePresigned(request, context)
  throw new S3Fault('AccessDenied')
}

function isPresignName(name: string): boolean {
  const lower = name.toLowerCase()
  return lower === 'x-amz-algorithm' || lower === 'x-amz-signature' || lower === 'x-amz-credential'
}
