import t from 'tap'
import type { CanonicalParts } from '../../src/sigv4/canonical-request.ts'
import { mismatchGuesses } from '../../src/sigv4/mismatch-guesses.ts'

const PARTS: CanonicalParts = {
  method: 'GET',
  canonicalUri: '/a%20b//../c',
  canonicalQuery: 'prefix=a%20b',
  headers: ['host', 'h:8080', 'x-amz-meta-a', '1', 'x-amz-meta-a', ' 2'],
  signedHeaders: ['host', 'x-amz-meta-a'],
  payloadHash: 'ab',
}

t.test('each guess changes one part', (t) => {
  const guesses = mismatchGuesses(PARTS, '/a b//../c', '/a+b//../c')
  const changes = guesses.map(({ reason, parts }) => {
    const changed = (['method', 'canonicalUri', 'canonicalQuery', 'payloadHash'] as const).filter(
      (name) => parts[name] !== PARTS[name],
    )
    const headers =
      JSON.stringify(parts.headers) === JSON.stringify(PARTS.headers) ? [] : ['headers']
    return [reason, ...changed, ...headers].join(' ')
  })
  t.same(changes, [
    'other-method method',
    'other-method method',
    'other-method method',
    'other-method method',
    'path-encoded-twice canonicalUri',
    'path-normalized canonicalUri',
    'path-plus canonicalUri',
    'path-signed-as-sent canonicalUri',
    'query-not-signed canonicalQuery',
    'query-plus canonicalQuery',
    'query-space-as-plus canonicalQuery',
    'other-host headers',
    'other-host headers',
    'other-host headers',
    'other-payload-hash payloadHash',
    'other-payload-hash payloadHash',
    'headers-joined-with-space headers',
  ])
  t.match(guesses[4], { parts: { canonicalUri: '/a%2520b//../c' } })
  t.match(guesses[5], { parts: { canonicalUri: '/c' } })
  t.match(guesses[6], { parts: { canonicalUri: '/a%2Bb//../c' } })
  t.match(guesses[7], { parts: { canonicalUri: '/a+b//../c' } })
  t.match(guesses[16], { parts: { headers: ['host', 'h:8080', 'x-amz-meta-a', '1, 2'] } })
  t.end()
})

t.test('paths as URL parsers leave them', (t) => {
  for (const [path, expected] of [
    ['/', '/'],
    ['//', '/'],
    ['/a/', '/a/'],
    ['/a/./b', '/a/b'],
    ['/../../a', '/a'],
    ['/a/..', '/'],
    ['/a//b/', '/a/b/'],
  ] as const) {
    const guess = mismatchGuesses(PARTS, path, path).find(
      ({ reason }) => reason === 'path-normalized',
    )
    t.equal(guess?.parts.canonicalUri, expected, path)
  }
  t.end()
})
