import t from 'tap'
import {
  EXPIRES_SECONDS_MAX,
  isAuthenticationParameter,
  isPresignedParameter,
  parseQueryAuthentication,
} from '../../src/sigv4/query-authentication.ts'
import { outcomeOf } from './example.ts'

const VALID = {
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Credential': 'AKID/20130524/us-east-1/s3/aws4_request',
  'X-Amz-Date': '20130524T000000Z',
  'X-Amz-Expires': '86400',
  'X-Amz-SignedHeaders': 'host',
  'X-Amz-Signature': '0f'.repeat(32),
} as const

const parse = (change: Readonly<Record<string, string | undefined>>) =>
  parseQueryAuthentication(
    Object.entries({ ...VALID, ...change }).flatMap(([name, value]) =>
      value === undefined ? [] : [{ name, value }],
    ),
  )

t.test('the six parameters, and the two that may be there', (t) => {
  t.match(parse({}), {
    ok: true,
    value: {
      credential: { accessKeyId: 'AKID' },
      timestamp: '20130524T000000Z',
      timeMs: Date.UTC(2013, 4, 24),
      expiresSeconds: 86_400,
      signedHeaders: ['host'],
      signature: '0f'.repeat(32),
      sessionToken: undefined,
      contentSha256: undefined,
    },
  })
  t.match(parse({ 'X-Amz-Security-Token': 'a/b==', 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' }), {
    value: { sessionToken: 'a/b==', contentSha256: 'UNSIGNED-PAYLOAD' },
  })
  t.end()
})

t.test('names are matched in any case', (t) => {
  for (const spell of [
    (name: string) => name.toLowerCase(),
    (name: string) => name.toUpperCase(),
  ]) {
    const query = Object.entries(VALID).map(([name, value]) => ({ name: spell(name), value }))
    t.equal(outcomeOf(parseQueryAuthentication(query)), 'ok')
  }
  t.end()
})

t.test('each of the six must be there, once', (t) => {
  for (const name of Object.keys(VALID)) {
    const missing = 'AuthorizationQueryParametersError: presigned-parameters-missing'
    t.equal(outcomeOf(parse({ [name]: undefined })), missing, name)
    if (name !== 'X-Amz-Expires') t.equal(outcomeOf(parse({ [name]: '' })), missing, name)
    const repeated = 'AuthorizationQueryParametersError: presigned-parameters-repeated'
    t.equal(outcomeOf(parse({ [name.toLowerCase()]: 'x' })), repeated, name)
  }
  t.match(parse({ 'X-Amz-Date': undefined }), {
    error: {
      message:
        'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    },
  })
  t.end()
})

t.test('a parameter with a wrong value is refused with its reason', (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['X-Amz-Algorithm', 'AWS4-ECDSA-P256-SHA256', 'InvalidRequest: sigv4a-unsupported'],
    [
      'X-Amz-Algorithm',
      'AWS4-HMAC-SHA1',
      'AuthorizationQueryParametersError: presigned-algorithm-unsupported',
    ],
    [
      'X-Amz-Credential',
      'AKID/20130524',
      'AuthorizationQueryParametersError: credential-malformed',
    ],
    [
      'X-Amz-Date',
      'Fri, 24 May 2013 00:00:00 GMT',
      'AuthorizationQueryParametersError: presigned-date-malformed',
    ],
    ['X-Amz-SignedHeaders', 'Host', 'AuthorizationQueryParametersError: signed-headers-malformed'],
  ]
  for (const [name, value, expected] of cases) {
    t.equal(outcomeOf(parse({ [name]: value })), expected, value)
  }
  t.end()
})

t.test('lives of a presigned request', (t) => {
  const cases: readonly (readonly [string, number | string])[] = [
    ['1', 1],
    ['604800', EXPIRES_SECONDS_MAX],
    ['0900', 900],
    ['604801', 'less than a week'],
    ['99999999999999999999', 'less than a week'],
    ['0', 'must be non-negative'],
    ['-1', 'must be non-negative'],
    ['', 'should be a number'],
    ['x', 'should be a number'],
    ['1.5', 'should be a number'],
    ['1e3', 'should be a number'],
    ['+5', 'should be a number'],
    [' 5', 'should be a number'],
    ['0x10', 'should be a number'],
  ]
  for (const [text, expected] of cases) {
    const result = parse({ 'X-Amz-Expires': text })
    if (typeof expected === 'number') {
      t.match(result, { value: { expiresSeconds: expected } }, text)
    } else {
      t.equal(result.ok ? '' : result.error.code, 'AuthorizationQueryParametersError')
      t.match(result.ok ? '' : result.error.message, new RegExp(expected), text)
    }
  }
  t.end()
})

t.test('the names of authentication parameters are known in lower case', (t) => {
  for (const name of Object.keys(VALID)) {
    t.ok(isAuthenticationParameter(name.toLowerCase()), name)
    t.ok(isPresignedParameter(name.toLowerCase()), name)
  }
  for (const name of ['x-amz-security-token', 'x-amz-content-sha256']) {
    t.ok(isAuthenticationParameter(name), name)
    t.notOk(isPresignedParameter(name), name)
  }
  for (const name of ['x-amz-acl', 'x-amz-', 'prefix', '']) {
    t.notOk(isAuthenticationParameter(name), name)
    t.notOk(isPresignedParameter(name), name)
  }
  t.end()
})
