import t from 'tap'
import { requiredField, verifyPostPolicy } from '../../src/sandbox/post-policy.ts'
import { deriveKey, hmac } from './send.ts'

/** AWS's example: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html */
const POLICY =
  'eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9'
const ACCOUNT = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
}
const SCOPE = '20151229/us-east-1/s3/aws4_request'
const BUCKET = 'sigv4examplebucket'
const CONTEXT = { accounts: [ACCOUNT], region: 'us-east-1', now: Date.UTC(2015, 11, 29, 1) }

const FIELDS = {
  key: 'user/user1/photo.jpg',
  acl: 'public-read',
  success_action_redirect: 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html',
  'content-type': 'image/jpeg',
  'x-amz-meta-uuid': '14365123651274',
  'x-amz-server-side-encryption': 'AES256',
  'x-amz-credential': `${ACCOUNT.accessKeyId}/${SCOPE}`,
  'x-amz-algorithm': 'AWS4-HMAC-SHA256',
  'x-amz-date': '20151229T000000Z',
  'x-amz-meta-tag': '',
  policy: POLICY,
  'x-amz-signature': '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e',
}

function verify(
  fields: Readonly<Record<string, string | undefined>>,
  bucket = BUCKET,
  now = CONTEXT.now,
) {
  const given = Object.entries(fields).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return verifyPostPolicy(new Map(given), bucket, { ...CONTEXT, now })
}

/** A form with a policy of the test's own, well signed. */
function form(policy: unknown, fields: Readonly<Record<string, string>> = {}) {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy)
  const base64 = Buffer.from(text).toString('base64')
  return {
    'x-amz-credential': `${ACCOUNT.accessKeyId}/${SCOPE}`,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-date': '20151229T000000Z',
    policy: base64,
    'x-amz-signature': hmac(deriveKey(ACCOUNT.secretAccessKey, SCOPE), base64).toString('hex'),
    ...fields,
  }
}

const AUTH_CONDITIONS = [
  ['starts-with', '$x-amz-credential', ''],
  { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256' },
  ['starts-with', '$x-amz-date', ''],
]
const policy = (...conditions: unknown[]) => ({
  expiration: '2015-12-30T12:00:00.000Z',
  conditions: [...AUTH_CONDITIONS, ...conditions],
})

t.test("AWS's example form verifies", async (t) => {
  t.strictSame(verify(FIELDS), { sizeMin: 0, sizeMax: 5 * 1024 ** 3 })
})

t.test('a form that does not meet its policy is refused', async (t) => {
  const cases: readonly (readonly [
    string,
    Readonly<Record<string, string | undefined>>,
    string,
    RegExp,
  ])[] = [
    ['no policy', { ...FIELDS, policy: undefined }, 'AccessDenied', /Access Denied/],
    [
      'no signature',
      { ...FIELDS, 'x-amz-signature': undefined },
      'InvalidArgument',
      /^Bucket POST must contain a field named 'X-Amz-Signature'\. {2}If it is specified/,
    ],
    [
      'a cut policy',
      { ...FIELDS, policy: POLICY.slice(0, -4) },
      'SignatureDoesNotMatch',
      /calculated/,
    ],
    [
      'a wrong signature',
      { ...FIELDS, 'x-amz-signature': '00' },
      'SignatureDoesNotMatch',
      /calculated/,
    ],
    ['an unknown key', { ...FIELDS, 'x-amz-credential': `X/${SCOPE}` }, 'InvalidAccessKeyId', /./],
    [
      'another algorithm',
      { ...FIELDS, 'x-amz-algorithm': 'AWS4' },
      'InvalidArgument',
      /only supports/,
    ],
    ['another day', { ...FIELDS, 'x-amz-date': '20151228T000000Z' }, 'InvalidArgument', /Date/],
    [
      'another value',
      { ...FIELDS, 'x-amz-server-side-encryption': 'aws:kms' },
      'AccessDenied',
      /Policy Condition failed: \["eq", "\$x-amz-server-side-encryption", "AES256"\]/,
    ],
    ['a missing field', { ...FIELDS, acl: undefined }, 'AccessDenied', /Policy Condition failed/],
    [
      'a field without a condition',
      { ...FIELDS, 'x-amz-server-side-encryption-aws-kms-key-id': 'k' },
      'AccessDenied',
      /Extra input fields: x-amz-server-side-encryption-aws-kms-key-id/,
    ],
    [
      'two fields of one name',
      { ...FIELDS, acl: 'public-read,public-read' },
      'AccessDenied',
      /failed/,
    ],
  ]
  for (const [name, fields, code, message] of cases) {
    t.throws(() => verify(fields), { code, message }, name)
  }
  t.throws(() => verify(FIELDS, 'another-bucket'), { code: 'AccessDenied' })
  t.throws(() => verify(FIELDS, BUCKET, Date.UTC(2016, 0, 1)), { message: /Policy expired/ })
})

t.test('conditions of every form are compared', async (t) => {
  t.doesNotThrow(() => verify(form(policy(['eq', '$KEY', 'a']), { key: 'a' })), 'names in any case')
  t.doesNotThrow(() => verify(form(policy(), { 'x-ignore-me': 'a' })), 'x-ignore- is free')
  t.strictSame(verify(form(policy(['content-length-range', 1, '10']))), { sizeMin: 1, sizeMax: 10 })
  const list = policy(['starts-with', '$Content-Type', 'image/'])
  t.doesNotThrow(() => verify(form(list, { 'content-type': 'image/a, image/b' })))
  t.throws(() => verify(form(list, { 'content-type': 'image/a, text/b' })), {
    code: 'AccessDenied',
  })
  t.throws(() => verify(form(policy(['eq', 'key', 'a']), { key: 'a' })), { message: /"key"/ })
})

t.test('documents that are not a policy are refused', async (t) => {
  const cases: readonly unknown[] = [
    'no JSON',
    [],
    { conditions: [] },
    { expiration: 'tomorrow', conditions: [] },
    { expiration: '2015-12-30T12:00:00.000Z' },
    policy({ a: '1', b: '2' }),
    policy({ a: 1 }),
    policy('text'),
    policy(['eq', '$a']),
    policy(['like', '$a', 'b']),
    policy(['eq', 1, 2]),
    policy(['content-length-range', 'a', 'b']),
  ]
  for (const document of cases) {
    t.throws(
      () => verify(form(document)),
      { code: 'InvalidPolicyDocument' },
      JSON.stringify(document).slice(-60),
    )
  }
})

t.test('a missing required field is InvalidArgument', async (t) => {
  t.equal(requiredField(new Map([['key', 'a']]), 'key'), 'a')
  t.throws(() => requiredField(new Map(), 'key'), { code: 'InvalidArgument', message: /'key'/ })
})
