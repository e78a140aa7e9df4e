import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { PostPolicyDraft } from '../sigv4/build-post-policy.ts'
import type { PostField } from '../sigv4/post-authentication.ts'
import type { SeedSignature } from '../sigv4/seed-signature.ts'
import { signRequest } from '../sigv4/sign.ts'
import { signPostPolicy } from '../sigv4/sign-post-policy.ts'
import type { Draft } from './draft.ts'
import type { Upstream } from './upstream.ts'

/** The head of a request as sent. */
interface SignedHead {
  readonly headers: string[]
  /** The seed of the chunk signatures; undefined if the head is not signed. */
  readonly seed: SeedSignature | undefined
}

/**
 * Signs a draft with the proxy's own credentials, as the last step before sending: the head does
 * not change afterwards. Without credentials nothing is sent: ServiceUnavailable.
 */
export function signDraft(
  upstream: Upstream,
  draft: Draft,
  nowMs: number,
): Result<SignedHead, S3Error> {
  const { method, addressed, destination, headers, payloadHash } = draft
  if (!draft.isSigned) return ok({ headers: [...headers], seed: undefined })
  const credentials = upstream.credentialsOf(draft.credentials, addressed.bucket)
  if (credentials === undefined) return failure(refusal('no-upstream-credentials'))
  const { path, query, region } = destination
  return ok(
    signRequest({
      method,
      path,
      query,
      headers,
      payloadHash,
      credentials,
      region,
      service: 's3',
      nowMs,
      keys: upstream.keys,
    }),
  )
}

/** Signs the policy of a form with the same credentials; returns the fields of the form. */
export function signForm(
  upstream: Upstream,
  {
    credentials: name,
    region,
  }: { readonly credentials: string | undefined; readonly region: string },
  policy: PostPolicyDraft,
  nowMs: number,
): Result<readonly PostField[], S3Error> {
  const credentials = upstream.credentialsOf(name, policy.bucket)
  if (credentials === undefined) return failure(refusal('no-upstream-credentials'))
  const { keys } = upstream
  return ok(signPostPolicy({ ...policy, credentials, region, service: 's3', nowMs, keys }))
}
