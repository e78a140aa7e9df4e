import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { encodePath } from '../../src/s3/percent-encoding.ts'
import { parseTarget } from '../../src/s3/target.ts'

function pathOf(raw: string): string | undefined {
  const result = parseTarget(raw)
  return result.ok ? result.value.path : undefined
}

function reasonOf(raw: string): string {
  const result = parseTarget(raw)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

t.test('nothing in a path is normalised', async (t) => {
  const rows = [
    ['/', '/'],
    ['//', '//'],
    ['/bucket/a//b', '/bucket/a//b'],
    ['/bucket/./x/../y', '/bucket/./x/../y'],
    ['/a/%2e%2e/b//c', '/a/../b//c'],
    ['/bucket/a%252Fb', '/bucket/a%2Fb'],
    ['/bucket/a+b%20c%2Bd', '/bucket/a b c+d'],
    ['/bucket/%C3%BC/\xc3\xbc', '/bucket/ü/ü'],
    ['/bucket/a;b=c&d', '/bucket/a;b=c&d'],
    ['/bucket/%0A%7F', '/bucket/\n\x7f'],
    ['/bucket/what%3F?acl', '/bucket/what?'],
  ] as const
  for (const [raw, path] of rows) t.equal(pathOf(raw), path, raw)
})

t.test('the raw path and the query are kept apart at the first ?', async (t) => {
  const result = parseTarget('/b/%2e?prefix=a?b&x')
  t.match(result, {
    ok: true,
    value: {
      rawPath: '/b/%2e',
      path: '/b/.',
      query: [
        { name: 'prefix', value: 'a?b' },
        { name: 'x', value: '' },
      ],
    },
  })
  t.match(parseTarget('/b?'), { ok: true, value: { rawPath: '/b', query: [] } })
})

t.test('only the origin-form is a target', async (t) => {
  const targets = ['', '*', 'http://evil/b', 'https://s3.amazonaws.com/', 'evil:443', '?acl', 'b/k']
  for (const raw of targets) t.equal(reasonOf(raw), 'InvalidURI target-form', raw)
})

t.test('fragments, control characters and bad encodings are refused', async (t) => {
  for (const raw of ['/b#frag', '/b?a#b', '/#', '/a b', '/a\tb', '/a\x7f', '/a\0']) {
    t.equal(reasonOf(raw), 'InvalidURI target-form', raw)
  }
  for (const raw of ['/%zz', '/%', '/%00', '/%ff', '/\xfc', '/%ed%a0%80']) {
    t.equal(reasonOf(raw), 'InvalidURI target-encoding', raw)
  }
  t.equal(reasonOf('/b?%zz'), 'InvalidURI query-encoding')
})

t.test('any key survives: parse(encode(path)) is the path', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0')),
      (key) => {
        assert.equal(pathOf(encodePath(`/bucket/${key}`)), `/bucket/${key}`)
      },
    ),
    { numRuns: 300 },
  )
})

t.test('no octets make the parser throw', async () => {
  const octets = fc.string({
    unit: fc.oneof(
      fc.constantFrom('/', '?', '%', '%2F', '&', '#', '%2e'),
      fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)),
    ),
  })
  fc.assert(
    fc.property(octets, (rest) => {
      const result = parseTarget(`/${rest}`)
      if (result.ok) assert.equal(pathOf(encodePath(result.value.path)), result.value.path)
    }),
    { numRuns: 300 },
  )
})
