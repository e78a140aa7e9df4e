import { formatAmzDate } from './amz-date.ts'
import { ALGORITHM } from './authorization-header.ts'
import { buildPostPolicy, type PostPolicyDraft } from './build-post-policy.ts'
import type { PostField } from './post-authentication.ts'

import { scopeText } from './scope.ts'
import type { SigningCredentials } from './sign.ts'
import type { SigningKeyCache } from './signing-key.ts'

/** A form to send: the draft of its policy, and the signing key material. */
interface PostSigningRequest extends PostPolicyDraft {
  readonly credentials: SigningCredentials
  readonly region: string
  readonly service: string
  /** The time to sign at, in ms since the epoch; truncated to the second. */
  readonly nowMs: number
  readonly keys: SigningKeyCache
}

/**
 * Signs a form: returns its fields, in order, with the authentication fields added. Authentication
 * fields in `fields` are dropped, so that no part of a client's authentication reaches S3. The
 * caller appends the file part without a file name, so that S3 does not expand `${filename}` in the
 * key.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
 */
export function signPostPolicy(request: PostSigningRequest): readonly PostField[] {
  const { credentials, region, service, keys } = request
  const timestamp = formatAmzDate(request.nowMs)
  const date = timestamp.slice(0, 8)
  const fields = request.fields.filter(({ name }) => !REPLACED_FIELDS.has(name.toLowerCase()))
  fields.push(
    { name: 'x-amz-algorithm', value: ALGORITHM },
    {
      name: 'x-amz-credential',
      value: `${credentials.accessKeyId}/${scopeText(date, region, service)}`,
    },
    { name: 'x-amz-date', value: timestamp },
  )
  if (credentials.sessionToken !== undefined) {
    fields.push({ name: 'x-amz-security-token', value: credentials.sessionToken })
  }
  const policy = buildPostPolicy({
    bucket: request.bucket,
    fields,
    contentLengthRange: request.contentLengthRange,
    expirationMs: request.expirationMs,
  })
  const signature = keys.get(credentials.secretAccessKey, date, region, service).sign(policy)
  fields.push({ name: 'policy', value: policy }, { name: 'x-amz-signature', value: signature })
  return fields
}

const REPLACED_FIELDS: ReadonlySet<string> = new Set([
  'policy',
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-signature',
  'x-amz-security-token',
  'awsaccesskeyid',
  'signature',
])
