import t from 'tap'
import { headerListFromRaw } from '../../src/base/header-list.ts'
import { canonicalQuery } from '../../src/s3/query.ts'
import { parseTarget } from '../../src/s3/target.ts'
import { parseAuthentication } from '../../src/sigv4/authentication.ts'
import { buildCanonicalRequest } from '../../src/sigv4/canonical-request.ts'
import { describeMismatch, type SignatureQuestion } from '../../src/sigv4/describe-mismatch.ts'
import { requestSignature } from '../../src/sigv4/seed-signature.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import {
  ACCESS_KEY_ID,
  EMPTY_SHA256,
  NOW_MS,
  REGION,
  SECRET_ACCESS_KEY,
  TIMESTAMP,
} from './example.ts'

const keys = new SigningKeyCache()
const NAMES = ['host', 'x-amz-content-sha256', 'x-amz-date'] as const
const HEADERS = [
  'host',
  'h:8080',
  'x-amz-content-sha256',
  'UNSIGNED-PAYLOAD',
  'x-amz-date',
  TIMESTAMP,
] as const

/** What a signer signed; what is left out is what is sent. */
interface Signed {
  readonly method?: string
  readonly canonicalUri?: string
  readonly canonicalQuery?: string
  readonly headers?: readonly string[]
  readonly names?: readonly string[]
  readonly payloadHash?: string
  readonly secret?: string
  readonly scope?: string
}

interface Sent {
  readonly target?: string
  readonly headers?: readonly string[]
}

function question(
  signed: Signed = {},
  sent: Sent = {},
  known: Partial<SignatureQuestion> = {},
): SignatureQuestion {
  const target = parseTarget(sent.target ?? '/key')
  if (!target.ok) throw new Error(target.error.message)
  const { rawPath, path, query } = target.value
  const names = signed.names ?? NAMES
  const scope = signed.scope ?? '20130524/us-east-1/s3/aws4_request'
  const [date = '', region = '', service = ''] = scope.split('/')
  const signature = requestSignature(
    keys.get(signed.secret ?? SECRET_ACCESS_KEY, date, region, service),
    TIMESTAMP,
    scope,
    buildCanonicalRequest({
      method: signed.method ?? 'GET',
      canonicalUri: signed.canonicalUri ?? rawPath,
      canonicalQuery: signed.canonicalQuery ?? canonicalQuery(query),
      headers: signed.headers ?? HEADERS,
      signedHeaders: names,
      payloadHash: signed.payloadHash ?? 'UNSIGNED-PAYLOAD',
    }),
  )
  const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`
  const headers = headerListFromRaw([...(sent.headers ?? HEADERS), 'authorization', authorization])
  const authentication = parseAuthentication({ headers, query })
  if (!authentication.ok || authentication.value.kind === 'anonymous') {
    throw new Error('not signed')
  }
  return {
    method: 'GET',
    path,
    rawPath,
    query,
    headers,
    authentication: authentication.value,
    payloadHash: authentication.value.payloadHash,
    secretAccessKeys: [SECRET_ACCESS_KEY],
    sessionToken: undefined,
    region: REGION,
    service: 's3',
    nowMs: NOW_MS,
    keys,
    isKnownKey: true,
    ...known,
  }
}

const reasons = (...parameters: Parameters<typeof question>) =>
  describeMismatch(question(...parameters)).map(({ reason }) => reason)

t.test('a good signature has no findings', (t) => {
  t.same(describeMismatch(question()), [])
  t.same(reasons({}, { target: '/a%20b?prefix=a%2Bb' }), [])
  t.end()
})

t.test('the usual mistakes of signers are found', (t) => {
  const meta = ['x-amz-meta-a', '1', 'x-amz-meta-a', '2']
  const metaHeaders = [...HEADERS, ...meta]
  const cases: readonly (readonly [string, Signed, Sent])[] = [
    ['other-method', { method: 'HEAD' }, {}],
    ['path-encoded-twice', { canonicalUri: '/a%2520b' }, { target: '/a%20b' }],
    ['path-normalized', { canonicalUri: '/b' }, { target: '/a/..//b' }],
    ['path-plus', { canonicalUri: '/a%2Bb' }, { target: '/a+b' }],
    ['path-signed-as-sent', { canonicalUri: "/it's" }, { target: "/it's" }],
    ['query-not-signed', { canonicalQuery: '' }, { target: '/key?acl' }],
    ['query-plus', { canonicalQuery: 'prefix=a%2Bb' }, { target: '/key?prefix=a+b' }],
    ['query-space-as-plus', { canonicalQuery: 'prefix=a+b' }, { target: '/key?prefix=a%20b' }],
    ['other-host', { headers: ['host', 'h', ...HEADERS.slice(2)] }, {}],
    ['other-host', { headers: ['host', 'h:443', ...HEADERS.slice(2)] }, {}],
    ['other-payload-hash', { payloadHash: EMPTY_SHA256 }, {}],
    [
      'headers-joined-with-space',
      { headers: [...HEADERS, 'x-amz-meta-a', '1, 2'], names: [...NAMES, 'x-amz-meta-a'] },
      { headers: metaHeaders },
    ],
  ]
  for (const [reason, signed, sent] of cases) t.same(reasons(signed, sent), [reason])
  t.same(reasons({}, {}, { secretAccessKeys: [`${SECRET_ACCESS_KEY}\n`] }), [
    'secret-with-white-space',
  ])
  t.end()
})

t.test('a mismatch that no guess explains is told as such', (t) => {
  t.same(reasons({ secret: 'another' }), ['signature-mismatch'])
  t.same(reasons({ secret: 'another' }, { target: "/it's" }), [
    'signature-mismatch',
    'path-needs-encoding',
  ])
  t.end()
})

t.test('a wrong time, scope, token, header list or key is named', (t) => {
  t.same(reasons({}, {}, { nowMs: NOW_MS + 3_600_000 }), ['clock-skew'])
  t.same(reasons({}, {}, { nowMs: NOW_MS - 3_600_000 }), ['clock-skew'])
  t.same(reasons({ scope: '20130524/eu-west-1/s3/aws4_request' }), ['scope-region-wrong'])
  t.same(reasons({ scope: '20130523/us-east-1/s3/aws4_request' }), ['scope-date-wrong'])
  t.same(reasons({}, {}, { sessionToken: 'token' }), ['session-token-invalid'])
  t.same(reasons({}, { headers: [...HEADERS, 'x-amz-acl', 'private'] }), ['headers-not-signed'])
  t.same(reasons({ names: [...NAMES, 'x-gone'] }), ['signed-header-absent'])
  t.same(reasons({}, { headers: HEADERS.slice(0, 4) }), ['date-missing', 'signed-header-absent'])
  t.same(reasons({ secret: 'another' }, {}, { isKnownKey: false, secretAccessKeys: [] }), [
    'unknown-access-key',
  ])
  const headers = [...HEADERS, 'x-amz-security-token', 'session']
  const names = [...NAMES.slice(0, 2), 'x-amz-date', 'x-amz-security-token']
  t.same(reasons({ headers, names }, { headers }), ['session-token-invalid'])
  t.same(reasons({ headers, names }, { headers }, { sessionToken: 'other' }), [
    'session-token-invalid',
  ])
  t.same(reasons({ headers, names }, { headers }, { sessionToken: 'session' }), [])
  t.end()
})

t.test('everything that is wrong is told at once', (t) => {
  const wrong = question(
    { scope: '20130524/eu-west-1/s3/aws4_request', secret: 'another' },
    { headers: [...HEADERS, 'x-amz-acl', 'private'] },
    { nowMs: NOW_MS + 3_600_000, sessionToken: 'token' },
  )
  t.same(
    describeMismatch(wrong).map(({ reason }) => reason),
    [
      'scope-region-wrong',
      'clock-skew',
      'session-token-invalid',
      'headers-not-signed',
      'signature-mismatch',
    ],
  )
  t.end()
})

t.test('no finding has a secret, a token or a signature in it', (t) => {
  const headers = [...HEADERS, 'x-amz-security-token', 'the-token-of-the-client']
  const names = [...NAMES.slice(0, 2), 'x-amz-date', 'x-amz-security-token']
  const asked = question(
    { headers, names, secret: 'another' },
    { headers },
    { sessionToken: 'xyz' },
  )
  const text = JSON.stringify(describeMismatch(asked))
  t.ok(text.length > 100)
  t.notMatch(text, /[0-9a-f]{64}/)
  t.notOk(text.includes('the-token-of-the-client') || text.includes('xyz'))
  t.notOk(text.includes(SECRET_ACCESS_KEY))
  t.end()
})
