import t from 'tap'
import { canonicalQuery } from '../../src/s3/query.ts'
import { parseTarget } from '../../src/s3/target.ts'
import { parseAuthentication } from '../../src/sigv4/authentication.ts'
import { buildCanonicalRequest } from '../../src/sigv4/canonical-request.ts'
import { requestSignature } from '../../src/sigv4/seed-signature.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import { canonicalParts, unsignedHeaders } from '../../src/sigv4/verify.ts'
import {
  ACCESS_KEY_ID,
  EMPTY_SHA256,
  type Known,
  NOW_MS,
  outcomeOf,
  REGION,
  SECRET_ACCESS_KEY,
  TIMESTAMP,
  verifyWire,
  withHeader,
} from './example.ts'

const keys = new SigningKeyCache()
const HOST = 'bucket.s3.amazonaws.com'

interface Signing {
  readonly method?: string
  /** Encoded, as sent and as signed. */
  readonly path?: string
  readonly query?: string
  readonly headers?: readonly string[]
  readonly signedHeaders?: string
  readonly timestamp?: string
  readonly scope?: string
  readonly payloadHash?: string
}

const signatureOf = (
  signing: Signing,
  query: string,
  headers: readonly string[],
  names: string,
) => {
  const timestamp = signing.timestamp ?? TIMESTAMP
  const scope = signing.scope ?? '20130524/us-east-1/s3/aws4_request'
  const [date = '', region = '', service = ''] = scope.split('/')
  return requestSignature(
    keys.get(SECRET_ACCESS_KEY, date, region, service),
    timestamp,
    scope,
    buildCanonicalRequest({
      method: signing.method ?? 'PUT',
      canonicalUri: signing.path ?? '/key',
      canonicalQuery: query,
      headers,
      signedHeaders: names.split(';'),
      payloadHash: signing.payloadHash ?? EMPTY_SHA256,
    }),
  )
}

/** A header-signed request, made with what the signer is told, right or wrong. */
function signed(signing: Signing = {}) {
  const headers = signing.headers ?? [
    'host',
    HOST,
    'x-amz-content-sha256',
    EMPTY_SHA256,
    'x-amz-date',
    signing.timestamp ?? TIMESTAMP,
  ]
  const names = signing.signedHeaders ?? 'host;x-amz-content-sha256;x-amz-date'
  const query = signing.query ?? ''
  const signature = signatureOf(signing, query, headers, names)
  const scope = signing.scope ?? '20130524/us-east-1/s3/aws4_request'
  const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/${scope},SignedHeaders=${names},Signature=${signature}`
  return {
    method: signing.method ?? 'PUT',
    target: `${signing.path ?? '/key'}${query === '' ? '' : `?${query}`}`,
    headers: [...headers, 'authorization', authorization],
  }
}

/** A presigned request. */
function presigned(signing: Signing = {}, extra = '', expires = '900') {
  const headers = signing.headers ?? ['host', HOST]
  const names = signing.signedHeaders ?? 'host'
  const scope = signing.scope ?? '20130524/us-east-1/s3/aws4_request'
  const raw = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(`${ACCESS_KEY_ID}/${scope}`)}&X-Amz-Date=${signing.timestamp ?? TIMESTAMP}&X-Amz-Expires=${expires}&X-Amz-SignedHeaders=${encodeURIComponent(names)}${extra}`
  const path = signing.path ?? '/key'
  const target = parseTarget(`${path}?${raw}`)
  if (!target.ok) throw new Error(target.error.message)
  const withHash = { payloadHash: 'UNSIGNED-PAYLOAD', ...signing }
  const signature = signatureOf(withHash, canonicalQuery(target.value.query), headers, names)
  return {
    method: signing.method ?? 'PUT',
    target: `${path}?${raw}&X-Amz-Signature=${signature}`,
    headers,
  }
}

const outcome = (wire: Parameters<typeof verifyWire>[0], known: Known = {}) =>
  outcomeOf(verifyWire(wire, known))

const MISMATCH = 'SignatureDoesNotMatch: signature-mismatch'
const UNSIGNED = 'AccessDenied: headers-not-signed'

t.test('a good signature gives the seed of the chunk signatures', (t) => {
  const verified = verifyWire(signed())
  if (!verified.ok) throw new Error(verified.error.message)
  const { signature, timestamp, scopeText, signingKey } = verified.value
  t.match(signature, /^[0-9a-f]{64}$/)
  t.equal(timestamp, TIMESTAMP)
  t.equal(scopeText, '20130524/us-east-1/s3/aws4_request')
  t.equal(signingKey.sign('x'), keys.get(SECRET_ACCESS_KEY, '20130524', REGION, 's3').sign('x'))
  t.equal(outcome(presigned()), 'ok')
  t.end()
})

t.test('upper-case hex is taken, and gives a lower-case seed', (t) => {
  const wire = signed()
  const headers = wire.headers.map((value) =>
    value.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()),
  )
  const upper = withHeader(headers, 'x-amz-content-sha256', EMPTY_SHA256)
  const verified = verifyWire({ ...wire, headers: upper })
  t.match(verified.ok && verified.value.signature, /^[0-9a-f]{64}$/)
  t.end()
})

t.test('either of two secrets is good while a secret is changed over', (t) => {
  const other = 'another-secret'
  t.equal(outcome(signed(), { secretAccessKeys: [other, SECRET_ACCESS_KEY] }), 'ok')
  t.equal(outcome(signed(), { secretAccessKeys: [SECRET_ACCESS_KEY, other] }), 'ok')
  t.equal(outcome(signed(), { secretAccessKeys: [other] }), MISMATCH)
  t.equal(outcome(signed(), { secretAccessKeys: [] }), MISMATCH)
  t.end()
})

t.test('the scope must be the one of this endpoint and of the day', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['20130523/us-east-1/s3/aws4_request', 'scope-date-wrong'],
    ['2013052/us-east-1/s3/aws4_request', 'scope-date-malformed'],
    ['20130524/eu-west-1/s3/aws4_request', 'scope-region-wrong'],
    ['20130524/us-east-1/s3express/aws4_request', 'scope-service-wrong'],
    ['20130524/us-east-1/s3/aws5_request', 'scope-terminal-wrong'],
  ]
  for (const [scope, reason] of cases) {
    t.equal(outcome(signed({ scope })), `AuthorizationHeaderMalformed: ${reason}`)
    t.equal(outcome(presigned({ scope })), `AuthorizationQueryParametersError: ${reason}`)
  }
  t.equal(
    outcome(signed({ scope: '20130524/eu-west-1/s3/aws4_request' }), { region: 'eu-west-1' }),
    'ok',
  )
  t.end()
})

t.test('the signature is checked before the time', (t) => {
  const late = { nowMs: NOW_MS + 3_600_000 }
  t.equal(outcome(signed(), late), 'RequestTimeTooSkewed: clock-skew')
  t.equal(outcome({ ...signed(), method: 'GET' }, late), MISMATCH)
  t.equal(outcome(presigned(), late), 'AccessDenied: presigned-expired')
  t.equal(outcome({ ...presigned(), method: 'GET' }, late), MISMATCH)
  t.equal(
    outcome(presigned(), { nowMs: NOW_MS - 3_600_000 }),
    'AccessDenied: presigned-not-yet-valid',
  )
  t.end()
})

t.test('a default port of the host may be signed or not, and sent or not', (t) => {
  const headersOf = (host: string): readonly string[] => [
    ...['x-amz-meta-a', 'host', 'host', host, 'x-amz-content-sha256', EMPTY_SHA256],
    ...['x-amz-date', TIMESTAMP],
  ]
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date;x-amz-meta-a'
  const rows = [
    ['h.test', 'h.test:443', 'ok'],
    ['h.test', 'h.test:80', 'ok'],
    ['h.test:443', 'h.test', 'ok'],
    ['h.test:80', 'h.test', 'ok'],
    ['[::1]', '[::1]:80', 'ok'],
    ['[::1]:443', '[::1]', 'ok'],
    ['h.test:8080', 'h.test', MISMATCH],
    ['h.test', 'h.test:8080', MISMATCH],
    ['h.test:443', 'h.test:80', MISMATCH],
    ['h.test:443', 'h.test:443:443', MISMATCH],
    ['h.test:', 'h.test', MISMATCH],
    ['h.test:443', 'g.test', MISMATCH],
  ] as const
  for (const [sent, signedHost, expected] of rows) {
    const headers = headersOf(signedHost)
    const wire = signed({ headers, signedHeaders })
    const received = wire.headers.with(3, sent)
    t.equal(outcome({ ...wire, headers: received }), expected, `${sent} for ${signedHost}`)
    const url = presigned({ headers: ['host', signedHost] })
    t.equal(outcome({ ...url, headers: ['host', sent] }), expected, `${sent} for ${signedHost}`)
  }
  t.end()
})

t.test('the time may be a Date header', (t) => {
  const headers = ['host', HOST, 'x-amz-content-sha256', EMPTY_SHA256, 'date']
  const date = 'Fri, 24 May 2013 00:00:00 GMT'
  const signedHeaders = 'date;host;x-amz-content-sha256'
  t.equal(outcome(signed({ headers: [...headers, date], signedHeaders })), 'ok')
  t.equal(
    outcome(signed({ headers: headers.slice(0, 4), signedHeaders: 'host;x-amz-content-sha256' })),
    'AccessDenied: date-missing',
  )
  t.end()
})

t.test('CVE-2026-54330: every x-amz- header must be signed, in both forms', (t) => {
  for (const name of [
    'x-amz-copy-source',
    'x-amz-acl',
    'x-amz-tagging',
    'x-amz-server-side-encryption',
    'x-amz-server-side-encryption-customer-key',
    'x-amz-date',
    'x-amz-meta-a',
  ]) {
    const wire = presigned()
    t.equal(outcome({ ...wire, headers: [...wire.headers, name, 'v'] }), UNSIGNED, name)
    if (name === 'x-amz-date') continue
    const headerWire = signed()
    const headers = [...headerWire.headers, name.toUpperCase(), 'v']
    t.equal(outcome({ ...headerWire, headers }), UNSIGNED, name)
  }
  const wire = presigned()
  const more = ['x-amz-acl', 'a', 'x-amz-meta-a', 'b', 'x-amz-acl', 'c', 'x-other', 'd']
  t.match(verifyWire({ ...wire, headers: [...wire.headers, ...more] }), {
    error: {
      message: 'There were headers present in the request which were not signed',
      extras: [['HeadersNotSigned', 'x-amz-acl, x-amz-meta-a']],
    },
  })
  t.end()
})

t.test('x-amz-content-sha256 need not be signed: it is the payload hash that is signed', (t) => {
  const wire = presigned()
  const headers = [...wire.headers, 'x-amz-content-sha256', EMPTY_SHA256]
  t.equal(outcome({ ...wire, headers }), 'ok')
  const unsigned = signed({ signedHeaders: 'host;x-amz-date' })
  t.equal(outcome(unsigned), 'ok')
  const streaming = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  for (const other of ['UNSIGNED-PAYLOAD', streaming, EMPTY_SHA256.toUpperCase(), 'a'.repeat(64)]) {
    const changed = unsigned.headers.with(3, other)
    t.equal(outcome({ ...unsigned, headers: changed }), MISMATCH, other)
    const twice = [...unsigned.headers, 'x-amz-content-sha256', other]
    t.equal(
      outcome({ ...unsigned, headers: twice }),
      'InvalidRequest: content-sha256-missing',
      other,
    )
  }
  t.end()
})

t.test('host must be signed', (t) => {
  t.match(verifyWire(signed({ signedHeaders: 'x-amz-content-sha256;x-amz-date' })), {
    error: { reason: 'headers-not-signed', extras: [['HeadersNotSigned', 'host']] },
  })
  t.equal(outcome(presigned({ signedHeaders: 'x-amz-acl' }, '&x-amz-acl=private')), UNSIGNED)
  t.end()
})

t.test('other headers need not be signed, content-type and content-md5 included', (t) => {
  for (const wire of [signed(), presigned()]) {
    const more = ['content-type', 'text/plain', 'content-md5', 'x', 'range', 'bytes=0-1']
    t.equal(outcome({ ...wire, headers: [...wire.headers, ...more] }), 'ok')
  }
  t.end()
})

t.test('a signed header must be there, or for a presigned request in the query', (t) => {
  const absent = 'SignatureDoesNotMatch: signed-header-absent'
  const names = 'content-type;host;x-amz-content-sha256;x-amz-date'
  t.equal(outcome(signed({ signedHeaders: names })), absent)
  t.equal(outcome(presigned({ signedHeaders: 'content-type;host' })), absent)

  const headers = ['host', HOST, 'x-amz-meta-a', '\xc3\xbc']
  const signing = { headers, signedHeaders: 'host;x-amz-meta-a' }
  const wire = presigned(signing, '&X-Amz-Meta-A=%C3%BC')
  t.equal(outcome({ ...wire, headers: ['host', HOST] }), 'ok')
  t.equal(outcome(wire), 'ok', 'in both places')
  const other = { ...wire, target: wire.target.replace('%C3%BC', '%C3%BD') }
  t.equal(outcome({ ...other, headers: ['host', HOST] }), MISMATCH)
  t.end()
})

t.test('a header that is signed cannot be doubled, changed or reordered', (t) => {
  const headers = [
    'host',
    HOST,
    'x-amz-content-sha256',
    EMPTY_SHA256,
    'x-amz-date',
    TIMESTAMP,
    'x-amz-meta-a',
    '1',
    'x-amz-meta-a',
    '2',
  ]
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date;x-amz-meta-a'
  const wire = signed({ headers, signedHeaders })
  t.equal(outcome(wire), 'ok')
  t.equal(outcome({ ...wire, headers: [...wire.headers, 'x-amz-meta-a', '3'] }), MISMATCH)
  const swapped = [...wire.headers]
  swapped[7] = '2'
  swapped[9] = '1'
  t.equal(outcome({ ...wire, headers: swapped }), MISMATCH)
  t.equal(outcome({ ...wire, headers: withHeader(wire.headers, 'x-amz-meta-a', '1,2') }), 'ok')
  t.equal(outcome({ ...wire, headers: withHeader(wire.headers, 'x-amz-meta-a', '1, 2') }), MISMATCH)
  t.end()
})

t.test('paths are signed as S3 encodes them: once, nothing normalised', (t) => {
  for (const path of [
    '/',
    '//',
    '/a//b',
    '/./x',
    '/../x',
    '/a/../b',
    '/%252e%252e/x',
    '/a%252Fb',
    '/a%2Bb%20c',
    '/%C3%BC/%E6%97%A5%E6%9C%AC',
    '/a%3Bb%3Dc%26d',
    '/%21%27%28%29%2A~-_.',
    `/${'x'.repeat(1024)}`,
  ]) {
    t.equal(outcome(signed({ path })), 'ok', path)
  }
  t.equal(outcome({ ...signed({ path: '/a%20b' }), target: '/a+b' }), 'ok', 'a raw + is a space')
  t.equal(outcome({ ...signed({ path: '/a%2Bb' }), target: '/a+b' }), MISMATCH)
  t.equal(outcome({ ...signed({ path: '/..' }), target: '/%2e%2E' }), 'ok', 'other spellings')
  t.equal(outcome({ ...signed({ path: '/a/b' }), target: '/a%2fb' }), 'ok', 'S3 decodes first')
  t.equal(outcome({ ...signed({ path: '/a/b' }), target: '/a//b' }), MISMATCH)
  t.equal(outcome({ ...signed({ path: '/b' }), target: '/a/../b' }), MISMATCH)
  t.end()
})

t.test('queries are signed sorted, whatever order they come in', (t) => {
  const wire = signed({ query: 'a=1&a=2&a-b=&b=%20%2B' })
  t.equal(outcome(wire), 'ok')
  t.equal(outcome({ ...wire, target: '/key?b=%20%2B&a-b&a=2&a=1' }), 'ok')
  t.equal(outcome({ ...wire, target: '/key?b=+%2B&a-b=&a=2&a=1' }), 'ok')
  t.equal(outcome({ ...wire, target: '/key?a=1&a=2&a-b=' }), MISMATCH)
  t.equal(outcome({ ...wire, target: `${wire.target}&uploads` }), MISMATCH)
  t.end()
})

t.test('the case of a presign parameter cannot change once it is signed', (t) => {
  const wire = presigned()
  const target = wire.target.replace('X-Amz-Date', 'x-amz-date')
  t.equal(outcome({ ...wire, target }), MISMATCH)
  const signature = wire.target.replace('X-Amz-Signature', 'x-amz-signature')
  t.equal(outcome({ ...wire, target: signature }), 'ok', 'the signature itself is not signed')
  t.end()
})

t.test('the payload hash is part of the signature', (t) => {
  const wire = signed()
  const headers = withHeader(wire.headers, 'x-amz-content-sha256', 'UNSIGNED-PAYLOAD')
  t.equal(outcome({ ...wire, headers }), MISMATCH)
  const streaming = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
  const inQuery = presigned({ payloadHash: streaming }, `&X-Amz-Content-Sha256=${streaming}`)
  t.equal(outcome(inQuery), 'ok')
  t.end()
})

t.test('a session token must be the one of the client', (t) => {
  const token = 'InvalidToken: session-token-invalid'
  const headers = [
    'host',
    HOST,
    'x-amz-content-sha256',
    EMPTY_SHA256,
    'x-amz-date',
    TIMESTAMP,
    'x-amz-security-token',
    'session',
  ]
  const signedHeaders = 'host;x-amz-content-sha256;x-amz-date;x-amz-security-token'
  for (const wire of [
    signed({ headers, signedHeaders }),
    presigned({}, '&X-Amz-Security-Token=session'),
  ]) {
    t.equal(outcome(wire, { sessionToken: 'session' }), 'ok')
    t.equal(outcome(wire, { sessionToken: 'another' }), token)
    t.equal(outcome(wire), token, 'the client has none')
  }
  t.equal(outcome(signed(), { sessionToken: 'session' }), token, 'none is sent')
  t.equal(outcome(presigned(), { sessionToken: 'session' }), token, 'none is sent')
  t.end()
})

t.test('a signature that is none is a mismatch', (t) => {
  const wire = signed()
  for (const text of ['x', 'a'.repeat(63), 'g'.repeat(64), `${'a'.repeat(64)}a`]) {
    const headers = wire.headers.map((value) => value.replace(/Signature=.*/, `Signature=${text}`))
    t.equal(outcome({ ...wire, headers }), MISMATCH, text)
  }
  t.end()
})

t.test('a mismatch tells nothing that was computed', (t) => {
  const wire = signed()
  const result = verifyWire({ ...wire, method: 'GET' })
  t.match(result, {
    error: {
      message:
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    },
  })
  t.same(!result.ok && result.error.extras, [['AWSAccessKeyId', ACCESS_KEY_ID]])
  t.end()
})

t.test('what is signed, and what is not, can be asked for', (t) => {
  const wire = signed()
  const authentication = parseAuthentication({ headers: wire.headers, query: [] })
  if (!authentication.ok || authentication.value.kind !== 'header') throw new Error('not signed')
  const request = {
    method: 'PUT',
    path: '',
    query: [],
    headers: wire.headers,
    authentication: authentication.value,
    payloadHash: EMPTY_SHA256,
    secretAccessKeys: [],
    sessionToken: undefined,
    region: REGION,
    service: 's3',
    nowMs: NOW_MS,
    keys,
  }
  t.match(canonicalParts(request), { canonicalUri: '/', canonicalQuery: '' })
  t.equal(canonicalParts({ ...request, headers: [] }), undefined)
  t.same(unsignedHeaders([...wire.headers, 'x-amz-acl', 'a'], authentication.value), ['x-amz-acl'])
  t.end()
})
