import { failure, ok, type Result } from '../base/result.ts'
import { expandFilename } from '../body/expand-filename.ts'
import { type FormField, fieldValue } from '../body/form-fields.ts'
import type { FormHead } from '../body/form-head-reader.ts'
import type { Client } from '../config/config.ts'
import {
  isEncryptionHeader,
  type RequestedEncryption,
  readEncryptionHeaders,
} from '../s3/encryption-headers.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import { refuseLongKey } from '../s3/resource.ts'
import { checkPostPolicy } from '../sigv4/check-post-policy.ts'
import {
  missingFieldError,
  type PostAuthentication,
  parsePostAuthentication,
  verifyPostSignature,
} from '../sigv4/post-authentication.ts'
import { parsePostPolicy } from '../sigv4/post-policy.ts'
import type { ContentLengthRange } from '../sigv4/post-policy-conditions.ts'
import {
  type AuthenticationContext,
  anonymousRefused,
  expectedRegion,
  refusedBucket,
  unknownKey,
} from './identify.ts'
import type { S3Request } from './read-request.ts'

/** A form whose sender is known and whose policy holds. */
export interface AuthenticatedForm {
  readonly client: Client
  readonly key: string
  /** `${filename}` expanded, in the key too. */
  readonly fields: readonly FormField[]
  /** From the fields. */
  readonly requested: RequestedEncryption
  /** What the policy allows of the file's size; enforced as it passes. */
  readonly contentLengthRange: ContentLengthRange | undefined
}

/**
 * Finds out who signed a form and whether it does what its policy allows: signature over the policy
 * as received, expiration, every condition, no extra field. As with other requests, a key that is
 * unknown here is refused unless the connection admits a client without a signature.
 */
export function authenticateForm(
  context: AuthenticationContext,
  parsed: S3Request,
  head: FormHead,
): Result<AuthenticatedForm, S3Error> {
  const expanded = expandFilename(head.fields, head.file.filename)
  if (!expanded.ok) return expanded
  const fields = expanded.value
  const key = fieldValue(fields, 'key') ?? ''
  if (key === '') return failure(missingFieldError('key'))
  const tooLong = refuseLongKey(key)
  if (tooLong !== undefined) return failure(tooLong)
  // As in a path: some servers would end the key there, and store another one than was judged.
  if (key.includes('\0')) {
    return failure(refusal('InvalidArgument', 'key-invalid', 'The key must not contain NUL.'))
  }
  const authentication = parsePostAuthentication(fields)
  if (!authentication.ok) return authentication
  const identified = identify(context, authentication.value)
  if (!identified.ok) return identified
  const { client, isVerified } = identified.value
  const refused = refusedBucket(client, parsed)
  if (refused !== undefined) return failure({ ...refused, client: client.name })

  let contentLengthRange: ContentLengthRange | undefined
  if (isVerified && authentication.value !== undefined) {
    const policy = parsePostPolicy(authentication.value.policyText)
    if (!policy.ok) return policy
    const { bucket = '' } = parsed.resource
    const checked = checkPostPolicy(policy.value, { bucket, fields, nowMs: context.nowMs })
    if (!checked.ok) return checked
    contentLengthRange = policy.value.contentLengthRange
  }
  const requested = readEncryptionFields(fields)
  if (!requested.ok) return requested
  return ok({ client, key, fields, requested: requested.value, contentLengthRange })
}

function identify(
  context: AuthenticationContext,
  authentication: PostAuthentication | undefined,
): Result<{ readonly client: Client; readonly isVerified: boolean }, S3Error> {
  const { unsignedClient } = context
  if (authentication === undefined) {
    if (unsignedClient === undefined) return failure(anonymousRefused())
    return ok({ client: unsignedClient, isVerified: false })
  }
  const { accessKeyId } = authentication.credential
  const client = context.clientsByAccessKeyId.get(accessKeyId)
  if (client === undefined || client.identity.kind !== 'keys') {
    if (unsignedClient === undefined) return failure(unknownKey(accessKeyId))
    return ok({ client: unsignedClient, isVerified: false })
  }
  const verified = verifyPostSignature({
    authentication,
    secretAccessKeys: client.identity.secretAccessKeys,
    sessionToken: client.identity.sessionToken,
    region: expectedRegion(context, authentication.credential.region),
    service: 's3',
    keys: context.keys,
  })
  return verified.ok ? ok({ client, isVerified: true }) : verified
}

function readEncryptionFields(fields: readonly FormField[]): Result<RequestedEncryption, S3Error> {
  const list: string[] = []
  for (const { key, value } of fields) {
    if (isEncryptionHeader(key)) list.push(key, value)
  }
  return readEncryptionHeaders(list)
}
