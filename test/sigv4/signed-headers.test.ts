import t from 'tap'
import {
  isLowerCaseToken,
  parseSignedHeaders,
  SIGNED_HEADERS_MAX,
  signedIndexOf,
} from '../../src/sigv4/signed-headers.ts'

t.test('names are returned sorted', (t) => {
  t.same(parseSignedHeaders('host'), ['host'])
  t.same(parseSignedHeaders('host;range;x-amz-date'), ['host', 'range', 'x-amz-date'])
  t.same(parseSignedHeaders('x-amz-date;host'), ['host', 'x-amz-date'])
  t.end()
})

t.test('an empty or malformed list is refused', (t) => {
  for (const text of [
    '',
    ';',
    'host;',
    ';host',
    'a;;b',
    'Host',
    'host;host',
    'host;x-amz-date;host',
    'host, range',
    'host ;range',
    'x-amz-meta-ü',
    'a:b',
    'a\tb',
  ]) {
    t.equal(parseSignedHeaders(text), undefined, text)
  }
  t.end()
})

t.test('there is a limit on names', (t) => {
  const names = Array.from({ length: SIGNED_HEADERS_MAX + 1 }, (_, i) => `h${i}`)
  t.equal(parseSignedHeaders(names.slice(1).join(';'))?.length, SIGNED_HEADERS_MAX)
  t.equal(parseSignedHeaders(names.join(';')), undefined)
  t.end()
})

t.test('a token in lower case is told from other text', (t) => {
  for (const text of ['a', 'x-amz-meta-a', "a1!#$%&'*+-.^_`|~"]) t.ok(isLowerCaseToken(text), text)
  for (const text of ['', 'A', 'a b', 'a:', 'a;b', 'ü', '(a)', 'a\n', '\u212a']) {
    t.notOk(isLowerCaseToken(text), text)
  }
  t.end()
})

t.test('a name is found in a list of any length, or nowhere', async (t) => {
  for (const count of [0, 1, 2, 15, 16, 17, 18, 99, 100]) {
    const names = Array.from({ length: count }, (_, i) => `x-${String(i * 2).padStart(3, '0')}`)
    for (let i = -1; i <= count * 2; i++) {
      const name = `x-${String(i).padStart(3, '0')}`
      t.equal(signedIndexOf(names, name), names.indexOf(name), `${name} of ${count}`)
    }
    t.equal(signedIndexOf(names, 'host'), -1)
    t.equal(signedIndexOf(names, 'zzz'), -1)
  }
})
