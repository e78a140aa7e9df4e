import { S3Client } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import t from 'tap'
import { checkPostPolicy } from '../../src/sigv4/check-post-policy.ts'
import {
  type PostField,
  parsePostAuthentication,
  verifyPostSignature,
} from '../../src/sigv4/post-authentication.ts'
import { parsePostPolicy } from '../../src/sigv4/post-policy.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import {
  ACCESS_KEY_ID,
  msOf,
  outcomeOf,
  REGION,
  readFixture,
  SECRET_ACCESS_KEY,
} from './example.ts'

// A fixture of this project, written once: its shape is known.
const { post } = readFixture('sigv4-s3-doc-vectors.json') as {
  readonly post: { readonly policyBase64: string; readonly signature: string }
}

const FIELDS: readonly PostField[] = [
  { name: 'key', value: 'user/user1/a.jpg' },
  { name: 'Policy', value: post.policyBase64 },
  { name: 'X-Amz-Credential', value: `${ACCESS_KEY_ID}/20151229/us-east-1/s3/aws4_request` },
  { name: 'X-Amz-Algorithm', value: 'AWS4-HMAC-SHA256' },
  { name: 'X-Amz-Date', value: '20151229T000000Z' },
  { name: 'X-Amz-Signature', value: post.signature },
]

const without = (name: string): readonly PostField[] =>
  FIELDS.filter((field) => field.name.toLowerCase() !== name)
const withField = (name: string, value: string): readonly PostField[] => [
  ...without(name.toLowerCase()),
  { name, value },
]

interface Known {
  readonly sessionToken?: string
  readonly region?: string
  readonly secretAccessKeys?: readonly string[]
}

function verify(fields: readonly PostField[], known: Known = {}) {
  const authentication = parsePostAuthentication(fields)
  if (!authentication.ok) return authentication
  if (authentication.value === undefined) throw new Error('the form is anonymous')
  return verifyPostSignature({
    authentication: authentication.value,
    secretAccessKeys: known.secretAccessKeys ?? [SECRET_ACCESS_KEY],
    sessionToken: known.sessionToken,
    region: known.region ?? REGION,
    service: 's3',
    keys: new SigningKeyCache(),
  })
}

t.test('the form of the S3 documentation is verified', (t) => {
  const verified = verify(FIELDS)
  t.match(verified, {
    ok: true,
    value: { signature: post.signature, timestamp: '20151229T000000Z' },
  })
  t.equal(outcomeOf(verify(FIELDS, { secretAccessKeys: ['old', SECRET_ACCESS_KEY] })), 'ok')
  t.equal(outcomeOf(verify(withField('x-amz-signature', post.signature.toUpperCase()))), 'ok')
  t.end()
})

t.test('a form without authentication is anonymous', (t) => {
  t.same(parsePostAuthentication([{ name: 'key', value: 'a' }]), { ok: true, value: undefined })
  t.end()
})

t.test('a form is refused, with the code and reason', (t) => {
  const scope = (text: string) => withField('x-amz-credential', text)
  const cases: readonly (readonly [string, readonly PostField[], string])[] = [
    ['no policy', without('policy'), 'InvalidArgument: post-field-missing'],
    ['empty policy', withField('policy', ''), 'InvalidArgument: post-field-missing'],
    ['no signature', without('x-amz-signature'), 'InvalidArgument: post-field-missing'],
    ['no credential', without('x-amz-credential'), 'InvalidArgument: post-field-missing'],
    ['no algorithm', without('x-amz-algorithm'), 'InvalidArgument: post-field-missing'],
    ['no date', without('x-amz-date'), 'InvalidArgument: post-field-missing'],
    [
      'only a token',
      [{ name: 'x-amz-security-token', value: 't' }],
      'InvalidArgument: post-field-missing',
    ],
    [
      'a second policy',
      [...FIELDS, { name: 'policy', value: 'x' }],
      'InvalidArgument: post-field-repeated',
    ],
    [
      'SigV2',
      [
        { name: 'AWSAccessKeyId', value: ACCESS_KEY_ID },
        { name: 'signature', value: 'x' },
        { name: 'policy', value: post.policyBase64 },
      ],
      'InvalidRequest: sigv2-unsupported',
    ],
    [
      'SigV4A',
      withField('x-amz-algorithm', 'AWS4-ECDSA-P256-SHA256'),
      'InvalidRequest: sigv4a-unsupported',
    ],
    [
      'unknown algorithm',
      withField('x-amz-algorithm', 'AWS4-HMAC-SHA1'),
      'InvalidArgument: post-algorithm-unsupported',
    ],
    ['bad credential', scope('AKID/20151229'), 'InvalidArgument: credential-malformed'],
    [
      'bad date',
      withField('x-amz-date', '2015-12-29T00:00:00Z'),
      'InvalidArgument: post-date-malformed',
    ],
    [
      'scope of another day',
      scope(`${ACCESS_KEY_ID}/20151228/us-east-1/s3/aws4_request`),
      'InvalidArgument: scope-date-wrong',
    ],
    [
      'scope of another region',
      scope(`${ACCESS_KEY_ID}/20151229/us-east-2/s3/aws4_request`),
      'InvalidArgument: scope-region-wrong',
    ],
    [
      'scope of another service',
      scope(`${ACCESS_KEY_ID}/20151229/us-east-1/sts/aws4_request`),
      'InvalidArgument: scope-service-wrong',
    ],
    [
      'a truncated policy, before it is decoded',
      withField('policy', post.policyBase64.slice(0, -1)),
      'SignatureDoesNotMatch: post-signature-mismatch',
    ],
    [
      'the policy with a line end added',
      withField('policy', `${post.policyBase64}\n`),
      'SignatureDoesNotMatch: post-signature-mismatch',
    ],
    [
      'a wrong signature',
      withField('x-amz-signature', post.signature.replace('8', '9')),
      'SignatureDoesNotMatch: post-signature-mismatch',
    ],
    [
      'an unexpected token',
      withField('x-amz-security-token', 'token'),
      'InvalidToken: session-token-invalid',
    ],
  ]
  for (const [name, fields, expected] of cases) t.equal(outcomeOf(verify(fields)), expected, name)
  t.equal(
    outcomeOf(verify(FIELDS, { secretAccessKeys: ['other'] })),
    'SignatureDoesNotMatch: post-signature-mismatch',
  )
  t.equal(
    outcomeOf(verify(FIELDS, { sessionToken: 'token' })),
    'InvalidToken: session-token-invalid',
  )
  const tokenFields = withField('x-amz-security-token', 'token')
  t.equal(outcomeOf(verify(tokenFields, { sessionToken: 'token' })), 'ok')
  t.equal(
    outcomeOf(verify(tokenFields, { sessionToken: 'token2' })),
    'InvalidToken: session-token-invalid',
  )
  t.end()
})

t.test(
  'a mismatch tells the access key id and what was sent, and nothing that was computed',
  (t) => {
    const result = verify(withField('policy', 'eyJ9'))
    t.same(!result.ok && result.error.extras, [['AWSAccessKeyId', ACCESS_KEY_ID]])
    t.end()
  },
)

t.test('forms of the AWS SDK are verified, and their policies admit them', async (t) => {
  const client = new S3Client({
    region: REGION,
    credentials: {
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET_ACCESS_KEY,
      sessionToken: 'session',
    },
  })
  const signed = await createPresignedPost(client, {
    Bucket: 'bucket',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
    Key: 'uploads/${filename}',
    Conditions: [
      ['content-length-range', 1, 1024],
      ['starts-with', '$Content-Type', 'image/'],
      { acl: 'private' },
    ],
    Fields: { acl: 'private', 'x-amz-meta-ü$\\': 'ü$\\"' },
    Expires: 600,
  })
  const fields = Object.entries({ ...signed.fields, 'Content-Type': 'image/png' }).map(
    ([name, value]) => ({ name, value }),
  )
  t.equal(outcomeOf(verify(fields, { sessionToken: 'session' })), 'ok')
  const { Policy: policyText = '', 'X-Amz-Date': timestamp = '' } = signed.fields
  const policy = parsePostPolicy(policyText)
  if (!policy.ok) throw new Error(policy.error.message)
  const nowMs = msOf(timestamp)
  t.match(policy.value.contentLengthRange, { min: 1, max: 1024 })
  const check = (key: string, ms: number) => {
    const named = fields.map((field) => (field.name === 'key' ? { ...field, value: key } : field))
    return outcomeOf(checkPostPolicy(policy.value, { bucket: 'bucket', fields: named, nowMs: ms }))
  }
  t.equal(check('uploads/a.png', nowMs), 'ok')
  t.equal(check('uploads/a.png', nowMs + 602_000), 'AccessDenied: post-policy-expired')
  t.equal(check('upload/a.png', nowMs), 'AccessDenied: post-condition-failed')
})
