import fc from 'fast-check'
import t from 'tap'
import { parseAuthorizationHeader } from '../../src/sigv4/authorization-header.ts'
import { SIGNED_HEADERS_MAX } from '../../src/sigv4/signed-headers.ts'
import { outcomeOf } from './example.ts'

const CREDENTIAL = 'Credential=AKID/20130524/us-east-1/s3/aws4_request'
const HEADERS = 'SignedHeaders=host;range'
const SIGNATURE = `Signature=${'0f'.repeat(32)}`

t.test('a header is accepted in any order of its parts and with optional blanks', (t) => {
  for (const value of [
    `AWS4-HMAC-SHA256 ${CREDENTIAL},${HEADERS},${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS},${SIGNATURE}`,
    `AWS4-HMAC-SHA256 ${SIGNATURE}, ${CREDENTIAL}, ${HEADERS}`,
  ]) {
    t.same(
      parseAuthorizationHeader(value),
      {
        ok: true,
        value: {
          credential: {
            accessKeyId: 'AKID',
            date: '20130524',
            region: 'us-east-1',
            service: 's3',
            terminal: 'aws4_request',
          },
          signedHeaders: ['host', 'range'],
          signature: '0f'.repeat(32),
        },
      },
      value,
    )
  }
  t.end()
})

t.test('a malformed header is refused with its reason', (t) => {
  const broken = 'AuthorizationHeaderMalformed: authorization-header-malformed'
  const spaces = 'InvalidArgument: authorization-header-malformed'
  const unsupported = 'InvalidArgument: authorization-type-unsupported'
  const tooMany = Array.from({ length: SIGNED_HEADERS_MAX + 1 }, (_, i) => `h${i}`).join(';')
  const cases: readonly (readonly [string, string])[] = [
    ['AWS AKID:c2lnbmF0dXJl', 'InvalidRequest: sigv2-unsupported'],
    [
      `AWS4-ECDSA-P256-SHA256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}`,
      'InvalidRequest: sigv4a-unsupported',
    ],
    ['AWS4-ECDSA-P256-SHA256', 'InvalidRequest: sigv4a-unsupported'],
    ['Basic dXNlcjpwYXNzd29yZA==', unsupported],
    ['Bearer token', unsupported],
    ['AWS4 x', unsupported],
    [`aws4-hmac-sha256 ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}`, unsupported],
    ['', spaces],
    ['AWS', spaces],
    ['AWS4-HMAC-SHA256', spaces],
    ['AWS4-HMAC-SHA256 ', broken],
    [`AWS4-HMAC-SHA256  ${CREDENTIAL}, ${HEADERS}, ${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL}, ${HEADERS}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL}, ${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${HEADERS}, ${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL} ${HEADERS} ${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},  ${HEADERS}, ${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},${HEADERS},${SIGNATURE},`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},${HEADERS},${SIGNATURE}, `, broken],
    [`AWS4-HMAC-SHA256 ,${CREDENTIAL},${HEADERS},${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},${HEADERS},${SIGNATURE},${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},${HEADERS},${SIGNATURE},Extra=1`, broken],
    [`AWS4-HMAC-SHA256 credential=x,${HEADERS},${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 Credential=,${HEADERS},${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 Credential=,${CREDENTIAL},${HEADERS},${SIGNATURE}`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},${HEADERS},Signature=`, broken],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL},SignedHeaders=,${SIGNATURE}`, broken],
    [
      `AWS4-HMAC-SHA256 Credential=AKID/20130524,${HEADERS},${SIGNATURE}`,
      'AuthorizationHeaderMalformed: credential-malformed',
    ],
    [
      `AWS4-HMAC-SHA256 ${CREDENTIAL},SignedHeaders=Host,${SIGNATURE}`,
      'AuthorizationHeaderMalformed: signed-headers-malformed',
    ],
    [
      `AWS4-HMAC-SHA256 ${CREDENTIAL},SignedHeaders=host;host,${SIGNATURE}`,
      'AuthorizationHeaderMalformed: signed-headers-malformed',
    ],
    [
      `AWS4-HMAC-SHA256 ${CREDENTIAL},SignedHeaders=${tooMany},${SIGNATURE}`,
      'AuthorizationHeaderMalformed: signed-headers-malformed',
    ],
  ]
  for (const [value, expected] of cases) {
    t.equal(outcomeOf(parseAuthorizationHeader(value)), expected, value.slice(0, 120))
  }
  t.end()
})

t.test('the value of another scheme is not repeated', (t) => {
  const result = parseAuthorizationHeader('Basic dXNlcjpwYXNzd29yZA==')
  t.notMatch(JSON.stringify(result), /dXNlcjpwYXNzd29yZA/)
  t.end()
})

t.test('any text has a result', (t) => {
  const piece = fc.constantFrom('AWS4-HMAC-SHA256', ' ', ',', '=', CREDENTIAL, HEADERS, SIGNATURE)
  fc.assert(
    fc.property(
      fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 12 }),
      (list) => {
        const result = parseAuthorizationHeader(list.join(''))
        return result.ok ? result.value.signedHeaders.length > 0 : result.error.message !== ''
      },
    ),
    { numRuns: 1000 },
  )
  t.pass('no counterexample')
  t.end()
})
