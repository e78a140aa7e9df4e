import t from 'tap'
import { headerListFromRaw } from '../../src/base/header-list.ts'
import { parseRequest } from '../../src/sandbox/request.ts'
import { isSameHex, signingKey, verifySignature } from '../../src/sandbox/signature.ts'
import { deriveKey, signHead, type TestRequest } from './send.ts'
import { ACCOUNT, REGION } from './start-test-sandbox.ts'

/** Signs by hand, verifies with aws4. */
function verify(request: TestRequest): void {
  const head = signHead(request)
  const headers = headerListFromRaw(head.headers)
  const parsed = parseRequest(request.method ?? 'GET', request.target, headers)
  const authorization = head.headers[head.headers.length - 1] ?? ''
  verifySignature(parsed, {
    ...ACCOUNT,
    dateTime: head.amzDate,
    region: REGION,
    signedHeaders: /SignedHeaders=([^,]*)/.exec(authorization)?.[1]?.split(';') ?? [],
    signature: head.signature,
    payloadHash: /x-amz-content-sha256,([^,]*)/.exec(head.headers.join())?.[1] ?? '',
    query: parsed.query,
  })
}

t.test('hostile keys verify when they are signed in their canonical form', async (t) => {
  const cases: readonly (readonly [string, string?])[] = [
    ['/bucket/a//b'],
    ['/bucket//lead'],
    ['/bucket/./x'],
    ['/bucket/a/./b/.'],
    ['/bucket/../x'],
    ['/bucket/%2e%2e/x', '/bucket/../x'],
    ['/bucket/%252e%252e/x'],
    ['/bucket/a%2Fb', '/bucket/a/b'],
    ['/bucket/a%252Fb'],
    ['/bucket/%C3%BC/%E6%97%A5%E6%9C%AC'],
    ['/bucket/\u00c3\u00bc', '/bucket/%C3%BC'],
    ['/bucket/%c3%bc', '/bucket/%C3%BC'],
    ['/bucket/a;b=c&d', '/bucket/a%3Bb%3Dc%26d'],
    ['/bucket/a+b%20c', '/bucket/a%20b%20c'],
    ['/bucket/a%2Bb%20c'],
    ["/bucket/it's(ok)!*", '/bucket/it%27s%28ok%29%21%2A'],
    ['/bucket/%7Etilde', '/bucket/~tilde'],
    [`/bucket/${'k'.repeat(1024)}`],
    [`/bucket/${'%C3%BC'.repeat(512)}`],
  ]
  for (const [target, canonicalPath] of cases) {
    const request = canonicalPath === undefined ? { target } : { target, canonicalPath }
    t.doesNotThrow(() => verify(request), target.slice(0, 60))
  }
})

t.test('a path that is signed as it was sent, but is not canonical, does not verify', async (t) => {
  for (const target of ['/bucket/%2e%2e/x', '/bucket/a%2Fb', '/bucket/%c3%bc', '/bucket/a+b']) {
    t.throws(() => verify({ target }), { code: 'SignatureDoesNotMatch' }, target)
  }
})

t.test('queries verify', async (t) => {
  for (const target of [
    '/bucket?uploads',
    '/bucket?list-type=2&prefix=a%2Fb%20c&delimiter=%2F',
    '/bucket?b=2&a=1&A=0',
    '/bucket?prefix=%C3%BC%26%3D%2B',
    '/bucket?prefix=~-._',
  ]) {
    t.doesNotThrow(() => verify({ target }), target)
  }
})

t.test('header values are signed octet for octet', async (t) => {
  for (const value of [
    'a\u00c3\u00a0b',
    '\u00e9\u00ff',
    'inner  blanks'.replace('  ', ' '),
    '"q", w',
    'x\u00a0y',
  ]) {
    t.doesNotThrow(() => verify({ target: '/b-1/k', headers: { 'x-amz-meta-a': value } }), value)
  }
  t.doesNotThrow(
    () => verify({ target: '/b-1/k', headers: { range: 'bytes=0-1', expect: '100-continue' } }),
    'headers that aws4 itself never signs',
  )
})

t.test('a mismatch tells what was expected', async (t) => {
  const request = { target: '/bucket/k', signature: '0'.repeat(64) }
  t.throws(() => verify(request), { code: 'SignatureDoesNotMatch', status: 403 })
  try {
    verify(request)
  } catch (error) {
    const extras = new Map((error as { extras: [string, string][] }).extras)
    t.equal(extras.get('AWSAccessKeyId'), ACCOUNT.accessKeyId)
    t.match(extras.get('CanonicalRequest'), /^GET\n\/bucket\/k\n\nhost:sandbox.test\n/)
    t.match(extras.get('StringToSign'), /^AWS4-HMAC-SHA256\n20261123T120000Z\n/)
    t.match(extras.get('StringToSignBytes'), /^41 57 53 34 /)
  }
})

t.test(
  'the signing key is derived by date, region and service, and compared without case',
  async (t) => {
    t.strictSame(
      signingKey('secret', '20261123', REGION),
      deriveKey('secret', `20261123/${REGION}/s3/aws4_request`),
    )
    t.ok(isSameHex('ab', 'AB'))
    t.notOk(isSameHex('ab', 'ac'))
    t.notOk(isSameHex('ab', 'abc'))
  },
)
