import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  decodePercent,
  encodePath,
  encodeUriComponentRfc3986,
} from '../../src/s3/percent-encoding.ts'

/** The octets of an encoded text, worked out by other means. */
function octetsOf(raw: string): string {
  return raw
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const rawText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('%', '%2', '%zz', '%00', '%C3%BC', '%c3', '%ed%a0%80', '%EF%BB%BF', '+', '/'),
    fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)),
    fc.integer({ min: 0, max: 255 }).map((octet) => `%${octet.toString(16).padStart(2, '0')}`),
  ),
})

t.test('unreserved characters stand for themselves, all others are encoded', async (t) => {
  let ascii = ''
  for (let code = 0; code < 128; code++) ascii += String.fromCharCode(code)
  const kept = [...ascii].filter((c) => encodeUriComponentRfc3986(c) === c).join('')
  t.equal(kept, '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~')
  t.equal(encodeUriComponentRfc3986("a b+c/d!*'()"), 'a%20b%2Bc%2Fd%21%2A%27%28%29')
  t.equal(encodePath("/a b/c+d;e=f&g!*'()"), '/a%20b/c%2Bd%3Be%3Df%26g%21%2A%27%28%29')
  t.equal(encodeUriComponentRfc3986('ü/日本😀'), '%C3%BC%2F%E6%97%A5%E6%9C%AC%F0%9F%98%80')
  t.equal(encodePath('./../a//b'), './../a//b')
})

t.test('a text is decoded once', async (t) => {
  t.equal(decodePercent('/a/b.txt'), '/a/b.txt')
  t.equal(decodePercent('%2e%2e/x'), '../x')
  t.equal(decodePercent('a%252Fb'), 'a%2Fb')
  t.equal(decodePercent('a+b'), 'a b')
  t.equal(decodePercent('+%2b%2B+'), ' ++ ')
  t.equal(decodePercent('%c3%bc'), 'ü')
  t.equal(decodePercent('\xc3\xbc'), 'ü', 'raw octets are UTF-8 too')
  t.equal(decodePercent('%EF%BB%BFa'), '\ufeffa', 'a byte order mark is part of the key')
})

t.test('what has no single meaning is refused', async (t) => {
  const bad = ['%', 'a%', '%2', '%zz', '%2g', '%u0041', '% 1', '%+1', '\0', '%00', 'a%00b']
  const badUtf8 = ['%ff', '%c3', '%c0%af', '%ed%a0%80', '%f4%90%80%80', '\xfc', '%C3\xbc%']
  for (const raw of [...bad, ...badUtf8, 'ü日']) t.equal(decodePercent(raw), undefined, raw)
})

t.test('encode(decode(x)) has the same octets as x', async () => {
  fc.assert(
    fc.property(rawText, (raw) => {
      const text = decodePercent(raw)
      if (text === undefined) return
      assert.equal(octetsOf(encodePath(text)), octetsOf(raw))
      assert.equal(octetsOf(encodeUriComponentRfc3986(text)), octetsOf(raw))
    }),
    { numRuns: 300 },
  )
})

t.test('decode(encode(x)) is x', async () => {
  const text = fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0'))
  fc.assert(
    fc.property(text, (s) => {
      assert.equal(decodePercent(encodePath(s)), s)
      assert.equal(decodePercent(encodeUriComponentRfc3986(s)), s)
      assert.match(encodeUriComponentRfc3986(s), /^(?:[\w.~-]|%[0-9A-F]{2})*$/)
    }),
    { numRuns: 300 },
  )
})

t.test('a lone surrogate is encoded as U+FFFD and nothing throws', async (t) => {
  t.equal(encodeUriComponentRfc3986('a\ud800'), 'a%EF%BF%BD')
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), (units) => {
      const text = String.fromCharCode(...units)
      encodePath(text)
      decodePercent(text)
    }),
  )
})
