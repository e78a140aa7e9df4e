import t from 'tap'
import { POLICY_TEXT_LENGTH_MAX, parsePostPolicy } from '../../src/sigv4/post-policy.ts'
import { readFixture } from './example.ts'

// A fixture of this project, written once: its shape is known.
const { post } = readFixture('sigv4-s3-doc-vectors.json') as {
  readonly post: { readonly policyBase64: string }
}

const parse = (json: string) => parsePostPolicy(Buffer.from(json).toString('base64'))
const policy = (expiration: string, conditions = '[]') =>
  parse(`{"expiration":${JSON.stringify(expiration)},"conditions":${conditions}}`)

t.test('the policy of the S3 documentation is decoded', (t) => {
  t.match(parsePostPolicy(post.policyBase64), {
    ok: true,
    value: {
      expirationMs: Date.UTC(2015, 11, 30, 12),
      contentLengthRange: undefined,
      matches: [
        { kind: 'eq', field: 'bucket', value: 'sigv4examplebucket' },
        { kind: 'starts-with', field: 'key', value: 'user/user1/' },
        { field: 'acl', value: 'public-read' },
        { field: 'success_action_redirect' },
        { kind: 'starts-with', field: 'Content-Type', value: 'image/' },
        { field: 'x-amz-meta-uuid', value: '14365123651274' },
        { field: 'x-amz-server-side-encryption', value: 'AES256' },
        { kind: 'starts-with', field: 'x-amz-meta-tag', value: '' },
        { field: 'x-amz-credential' },
        { field: 'x-amz-algorithm' },
        { field: 'x-amz-date', value: '20151229T000000Z' },
      ],
    },
  })
  t.end()
})

t.test('an expiration is read in UTC, other text is refused', (t) => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['2015-12-30T12:00:00Z', Date.UTC(2015, 11, 30, 12)],
    ['2015-12-30T12:00:00.250Z', Date.UTC(2015, 11, 30, 12, 0, 0, 250)],
    ['2015-12-30T12:00:00.123456789Z', Date.UTC(2015, 11, 30, 12, 0, 0, 123)],
    ['2015-12-30T12:00:00', undefined],
    ['2015-12-30T12:00:00+00:00', undefined],
    ['2015-12-30T12:00:00.Z', undefined],
    ['2015-02-30T12:00:00Z', undefined],
    ['2015-12-30T24:00:00Z', undefined],
    ['2015-12-30 12:00:00Z', undefined],
    ['', undefined],
  ]
  for (const [text, expected] of cases) {
    const parsed = policy(text)
    t.equal(parsed.ok ? parsed.value.expirationMs : undefined, expected, text)
  }
  t.end()
})

t.test('what is no policy is refused as InvalidPolicyDocument', (t) => {
  const valid = '"expiration":"2015-12-30T12:00:00Z"'
  const cases: readonly string[] = [
    '',
    'text',
    'null',
    '[]',
    '"text"',
    '{',
    '{}',
    `{${valid}}`,
    '{"conditions":[]}',
    `{${valid},"conditions":{}}`,
    `{${valid},"conditions":null}`,
    `{${valid},"conditions":[],"version":1}`,
    `{${valid},"Conditions":[]}`,
    '{"expiration":1,"conditions":[]}',
    '{"EXPIRATION":"2015-12-30T12:00:00Z","conditions":[]}',
    `{${valid},"conditions":[[[]]]}`,
    `{${valid},"conditions":[],}`,
  ]
  for (const json of cases) {
    t.match(parse(json), { ok: false, error: { code: 'InvalidPolicyDocument' } }, json)
  }
  const text = Buffer.from(`{${valid},"conditions":[]}`).toString('base64')
  t.ok(parsePostPolicy(text).ok)
  t.ok(parsePostPolicy(`${text.slice(0, 8)}\r\n${text.slice(8)}\n`).ok, 'wrapped base64')
  t.notOk(parsePostPolicy(`${text.slice(0, 8)}*${text.slice(8)}`).ok, 'not base64')
  t.notOk(parsePostPolicy(`${text}====`).ok, 'too much padding')
  const latin1 = Buffer.from(`{${valid},"conditions":[{"a":"\xe9"}]}`, 'latin1').toString('base64')
  t.notOk(parsePostPolicy(latin1).ok, 'not UTF-8')
  t.end()
})

t.test('a policy has a greatest length', (t) => {
  const json = '{"expiration":"2015-12-30T12:00:00Z","conditions":[]}'
  const longest = json.padEnd((POLICY_TEXT_LENGTH_MAX / 4) * 3, ' ')
  t.ok(parse(longest).ok)
  t.notOk(parse(`${longest} `).ok)
  t.end()
})

t.test('an escaped dollar sign is a dollar sign', (t) => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['\\$5', '$5'],
    ['\\\\$5', '\\$5'],
    ['\\\\\\$5', '\\$5'],
    ['\\u0024', '$'],
    ['\\"\\$', '"$'],
    ['\\%', undefined],
  ]
  for (const [written, value] of cases) {
    const parsed = policy('2015-12-30T12:00:00Z', `[{"a":"${written}"}]`)
    t.equal(parsed.ok ? parsed.value.matches[0]?.value : undefined, value, written)
  }
  t.end()
})

t.test('of several length ranges what they have in common holds', (t) => {
  const range = (conditions: string) => {
    const parsed = policy('2015-12-30T12:00:00Z', conditions)
    return parsed.ok ? parsed.value.contentLengthRange : undefined
  }
  t.match(range('[["content-length-range",1,10]]'), { min: 1, max: 10 })
  t.match(range('[["content-length-range",1,10],["content-length-range",5,20]]'), {
    min: 5,
    max: 10,
  })
  t.match(range('[["content-length-range",1,2],["content-length-range",5,20]]'), {
    min: 5,
    max: 2,
  })
  t.end()
})
