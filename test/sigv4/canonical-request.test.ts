import { createHash } from 'node:crypto'
import t from 'tap'
import {
  buildCanonicalRequest,
  canonicalHeaderValue,
  sha256Hex,
} from '../../src/sigv4/canonical-request.ts'

t.test('a canonical request has the signed headers, each once, joined with a bare comma', (t) => {
  const text = buildCanonicalRequest({
    method: 'GET',
    canonicalUri: '/a%20b',
    canonicalQuery: 'acl=',
    headers: ['x-amz-meta-a', ' 1', 'host', 'h', 'x-other', 'x', 'x-amz-meta-a', '2  3 '],
    signedHeaders: ['host', 'x-amz-meta-a'],
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  t.equal(
    text,
    'GET\n/a%20b\nacl=\nhost:h\nx-amz-meta-a:1,2 3\n\nhost;x-amz-meta-a\nUNSIGNED-PAYLOAD',
  )
  t.end()
})

t.test('blanks of a value are trimmed and collapsed, and blanks only', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['', ''],
    ['a', 'a'],
    ['a b', 'a b'],
    [' a  b ', 'a b'],
    ['\ta\t\tb\t', 'a b'],
    ['a \t b', 'a b'],
    ['"a   b"', '"a b"'],
    ['   ', ''],
    // 'à ' and ' à' in UTF-8: 0xA0 is half of a letter, not a blank.
    ['\xc3\xa0', '\xc3\xa0'],
    ['\xa0\xa0a', '\xa0\xa0a'],
    ['a\x0bb', 'a\x0bb'],
  ]
  for (const [value, expected] of cases) {
    t.equal(canonicalHeaderValue(value), expected, JSON.stringify(value))
  }
  t.end()
})

t.test('a hash is one of octets, not of UTF-8', (t) => {
  for (const text of ['', 'abc', '\xff\x00\xc3\xbc']) {
    const expected = createHash('sha256').update(Buffer.from(text, 'latin1')).digest('hex')
    t.equal(sha256Hex(text), expected)
  }
  t.end()
})
