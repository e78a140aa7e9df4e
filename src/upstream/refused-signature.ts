import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { errorCodeIn } from '../s3/error-code.ts'
import { refusal } from '../s3/refusals.ts'
import { bufferAnswer } from './buffer-answer.ts'
import type { Forwarded } from './forward.ts'

/**
 * S3's error codes about a signature, its time or its credentials. The client's signature was
 * verified here, so these errors are about ours.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
const SIGNATURE_CODES: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidSecurity',
  'InvalidToken',
  'NotSignedUp',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
])

/**
 * Replaces an answer in which S3 refuses our own signature: its document contains our access key,
 * session token, string to sign and signature, and a client would think that its own keys are
 * wrong. The replacement is 503 ServiceUnavailable, `upstream-signature-refused`; every other
 * answer is returned unchanged.
 */
export function hideRefusedSignature(
  forwarded: Forwarded,
): Result<Forwarded, S3Error> | Promise<Result<Forwarded, S3Error>> {
  const { status } = forwarded.head
  const mayRefuse = status === 400 || status === 401 || status === 403
  return mayRefuse ? inspect(forwarded) : ok(forwarded)
}

async function inspect(forwarded: Forwarded): Promise<Result<Forwarded, S3Error>> {
  const { status } = forwarded.head
  const buffered = await bufferAnswer(forwarded)
  if (!buffered.ok) return buffered
  const code = errorCodeIn(buffered.value.body)
  if (code === undefined || !SIGNATURE_CODES.has(code)) return ok(buffered.value.forwarded)
  return failure({
    ...refusal('upstream-signature-refused'),
    cause: new Error(
      `S3 refuses our signature (${status} ${code}): check upstream.credentials, upstream.region and this machine's clock`,
    ),
  })
}
