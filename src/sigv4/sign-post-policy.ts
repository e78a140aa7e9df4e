import { formatAmzDate } from './amz-date.ts'
import { ALGORITHM } from './authorization-header.ts'
import { buildPostPolicy, type PostPolicyDraft } from './build-post-policy.ts'
import type { PostField } from './post-authentication.ts'

import { scopeText } from './scope.ts'
import type { SigningCredentials } from './sign.ts'
import type { SigningKeyCache } from './signing-key.ts'

/** A form to be sent: its policy's draft, and with what to sign it. */
interface PostSigningRequest extends PostPolicyDraft {
  readonly credentials: SigningCredentials
  readonly region: string
  readonly service: string
  /** The time to sign at, in ms since the epoch; cut to the second. */
  readonly nowMs: number
  readonly keys: SigningKeyCache
}

/**
 * Signs a form: gives its fields, in order, with those of authentication added. Fields of these
 * names in `fields` are left out, so that nothing of a client's authentication can go upstream.
 * The file part comes after them, without a file name: so S3 leaves a `${filename}` in the key as
 * it stands.
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
