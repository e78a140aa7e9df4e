import t from 'tap'
import {
  equalSignatures,
  isExpectedToken,
  requestSignature,
} from '../../src/sigv4/seed-signature.ts'
import { deriveSigningKey } from '../../src/sigv4/signing-key.ts'
import { REGION, readFixture, SECRET_ACCESS_KEY, TIMESTAMP } from './example.ts'

// A fixture of this project, written once: its shape is known.
const docVectors = readFixture('sigv4-s3-doc-vectors.json') as Readonly<
  Record<string, { readonly canonicalRequest?: string; readonly signature: string }>
>

t.test('a published canonical request has the published signature', (t) => {
  const key = deriveSigningKey(SECRET_ACCESS_KEY, '20130524', REGION, 's3')
  const scope = '20130524/us-east-1/s3/aws4_request'
  for (const [name, { canonicalRequest, signature }] of Object.entries(docVectors)) {
    if (canonicalRequest === undefined) continue
    t.equal(requestSignature(key, TIMESTAMP, scope, canonicalRequest), signature, name)
  }
  t.end()
})

t.test('signatures are equal in hex of any case, and not in another form', (t) => {
  const expected = '0f'.repeat(32)
  t.ok(equalSignatures(expected, expected))
  t.ok(equalSignatures(expected.toUpperCase(), expected))
  for (const sent of [
    '',
    '0',
    expected.slice(1),
    `${expected}0`,
    ` ${expected.slice(1)}`,
    `${expected.slice(0, 63)}g`,
    `${expected.slice(0, 63)}e`,
    `1${expected.slice(1)}`,
    'z'.repeat(64),
    '\u{1d7d8}'.repeat(32),
  ]) {
    t.notOk(equalSignatures(sent, expected), sent)
  }
  t.end()
})

t.test('a token must be the expected one, none included', (t) => {
  t.ok(isExpectedToken(undefined, undefined))
  t.ok(isExpectedToken('token', 'token'))
  t.ok(isExpectedToken('tökén', 'tökén'))
  t.notOk(isExpectedToken('token', undefined))
  t.notOk(isExpectedToken('', undefined))
  t.notOk(isExpectedToken(undefined, 'token'))
  t.notOk(isExpectedToken('', 'token'))
  t.notOk(isExpectedToken('tokem', 'token'))
  t.notOk(isExpectedToken('token ', 'token'))
  t.end()
})
