import t from 'tap'
import { checkContentLength, checkPostPolicy } from '../../src/sigv4/check-post-policy.ts'
import type { PostField } from '../../src/sigv4/post-authentication.ts'
import { parsePostPolicy } from '../../src/sigv4/post-policy.ts'
import { outcomeOf, readFixture } from './example.ts'

// A fixture of this project, written once: its shape is known.
const { post } = readFixture('sigv4-s3-doc-vectors.json') as {
  readonly post: { readonly policyBase64: string; readonly signature: string }
}

const NOW_MS = Date.UTC(2015, 11, 29)

/** The form of the S3 documentation: names in another case than the policy's, on purpose. */
const FIELDS: readonly (readonly [string, string])[] = [
  ['key', 'user/user1/photo.jpg'],
  ['acl', 'public-read'],
  ['success_action_redirect', 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html'],
  ['Content-Type', 'image/jpeg'],
  ['x-amz-meta-uuid', '14365123651274'],
  ['x-amz-server-side-encryption', 'AES256'],
  ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request'],
  ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
  ['X-Amz-Date', '20151229T000000Z'],
  ['x-amz-meta-tag', ''],
  ['Policy', post.policyBase64],
  ['X-Amz-Signature', post.signature],
]

interface Change {
  readonly set?: Readonly<Record<string, string>>
  readonly drop?: string
  readonly add?: readonly (readonly [string, string])[]
  readonly bucket?: string
  readonly nowMs?: number
}

function check(change: Change = {}) {
  const policy = parsePostPolicy(post.policyBase64)
  if (!policy.ok) throw new Error(policy.error.message)
  const fields: PostField[] = [...FIELDS, ...(change.add ?? [])]
    .filter(([name]) => name.toLowerCase() !== change.drop)
    .map(([name, value]) => ({ name, value: change.set?.[name] ?? value }))
  return checkPostPolicy(policy.value, {
    bucket: change.bucket ?? 'sigv4examplebucket',
    fields,
    nowMs: change.nowMs ?? NOW_MS,
  })
}

t.test('the example form of the S3 documentation meets its policy', (t) => {
  t.equal(outcomeOf(check()), 'ok')
  t.equal(outcomeOf(check({ nowMs: Date.UTC(2015, 11, 30, 12) })), 'ok')
  t.equal(outcomeOf(check({ set: { 'x-amz-meta-tag': 'some,tag' } })), 'ok')
  t.equal(outcomeOf(check({ set: { 'Content-Type': 'image/png,image/gif' } })), 'ok')
  t.equal(outcomeOf(check({ add: [['x-ignore-this', 'x']] })), 'ok')
  t.equal(outcomeOf(check({ add: [['bucket', 'sigv4examplebucket']] })), 'ok')
  t.end()
})

t.test('a form that differs is refused', (t) => {
  const failed = 'AccessDenied: post-condition-failed'
  const cases: readonly (readonly [string, Change, string])[] = [
    ['expired', { nowMs: Date.UTC(2015, 11, 30, 12) + 1 }, 'AccessDenied: post-policy-expired'],
    ['another bucket', { bucket: 'other' }, failed],
    ['a bucket field that lies', { add: [['bucket', 'other']] }, failed],
    ['another prefix', { set: { key: 'user/user2/a' } }, failed],
    ['another acl', { set: { acl: 'private' } }, failed],
    ['the acl in another case', { set: { acl: 'Public-Read' } }, failed],
    ['no acl', { drop: 'acl' }, failed],
    ['no tag, of which any is allowed', { drop: 'x-amz-meta-tag' }, failed],
    ['no key', { drop: 'key' }, 'InvalidArgument: post-field-missing'],
    ['other type', { set: { 'Content-Type': 'text/html' } }, failed],
    ['one other type', { set: { 'Content-Type': 'image/png,text/html' } }, failed],
    ['other encryption', { set: { 'x-amz-server-side-encryption': 'aws:kms' } }, failed],
    ['a second acl', { add: [['ACL', 'public-read']] }, 'InvalidArgument: post-field-repeated'],
    ['one more field', { add: [['tagging', 'x']] }, 'AccessDenied: post-extra-fields'],
    [
      'an encryption field that no condition names',
      { add: [['x-amz-server-side-encryption-aws-kms-key-id', 'x']] },
      'AccessDenied: post-extra-fields',
    ],
  ]
  for (const [name, change, expected] of cases) t.equal(outcomeOf(check(change)), expected, name)
  t.end()
})

t.test('texts are those of S3', (t) => {
  t.match(check({ set: { acl: 'private' } }), {
    error: {
      message:
        'Invalid according to Policy: Policy Condition failed: ["eq", "$acl", "public-read"]',
    },
  })
  t.match(check({ nowMs: NOW_MS * 2 }), {
    error: { message: 'Invalid according to Policy: Policy expired.' },
  })
  t.match(check({ add: [['Tagging', 'x']] }), {
    error: { message: 'Invalid according to Policy: Extra input fields: tagging' },
  })
  t.end()
})

t.test('a policy that does not name the bucket is good for none', (t) => {
  const text = '{"expiration":"2015-12-30T12:00:00Z","conditions":[["starts-with","$key",""]]}'
  const policy = parsePostPolicy(Buffer.from(text).toString('base64'))
  if (!policy.ok) throw new Error(policy.error.message)
  const form = { bucket: 'b', key: 'k', fields: [{ name: 'key', value: 'k' }], nowMs: NOW_MS }
  t.match(checkPostPolicy(policy.value, form), {
    error: {
      code: 'AccessDenied',
      message: 'Invalid according to Policy: Extra input fields: bucket',
    },
  })
  t.end()
})

t.test('the file must be within the range, its ends included', (t) => {
  const range = { kind: 'content-length-range', min: 10, max: 20 } as const
  t.equal(outcomeOf(checkContentLength(undefined, 0)), 'ok')
  t.equal(outcomeOf(checkContentLength(range, 10)), 'ok')
  t.equal(outcomeOf(checkContentLength(range, 20)), 'ok')
  t.match(checkContentLength(range, 9), {
    error: {
      code: 'EntityTooSmall',
      extras: [
        ['ProposedSize', '9'],
        ['MinSizeAllowed', '10'],
      ],
    },
  })
  t.match(checkContentLength(range, 21), {
    error: {
      code: 'EntityTooLarge',
      extras: [
        ['ProposedSize', '21'],
        ['MaxSizeAllowed', '20'],
      ],
    },
  })
  t.end()
})
