import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { agreesWithHost, originFormOf, parseAbsoluteTarget } from '../../src/s3/absolute-target.ts'

const TARGETS: readonly (readonly [
  target: string,
  hostname: string,
  port: number,
  originForm: string,
])[] = [
  ['http://a.example', 'a.example', 80, '/'],
  ['HTTP://A.Example/', 'a.example', 80, '/'],
  ['https://a.example/x', 'a.example', 443, '/x'],
  ['http://a.example:8080/x?y=z', 'a.example', 8080, '/x?y=z'],
  ['http://a.example?list-type=2', 'a.example', 80, '/?list-type=2'],
  ['http://a.example/a/%2e%2e/b//c/../d', 'a.example', 80, '/a/%2e%2e/b//c/../d'],
  ['http://a.example//bucket/key', 'a.example', 80, '//bucket/key'],
  ['http://a.example/http://b.example/', 'a.example', 80, '/http://b.example/'],
  ['http://[::1]:81/x', '::1', 81, '/x'],
  ['http://a.example./x', 'a.example', 80, '/x'],
  ['http://A.Example.:8080', 'a.example', 8080, '/'],
  ['http://a.example:/x', 'a.example', 80, '/x'],
  // What follows is refused where the target is parsed, not lost here.
  ['http://a.example#x', 'a.example', 80, '/#x'],
]

for (const [target, hostname, port, originForm] of TARGETS) {
  t.test(`${target} goes to ${hostname}:${port}`, async (t) => {
    t.match(parseAbsoluteTarget(target), { hostname, port, originForm })
  })
}

for (const target of [
  ...['', '/', '*', 'a.example:443', 'ftp://a.example/', 'http:/a.example', 'http:a.example'],
  ...['http://', 'http:///x', 'http://user@a.example/', 'http://user:secret@a.example/'],
  ...['http://a.example:65536/', 'http://a.example:x/', 'http://a..example/'],
  ...[
    'http://a.example../',
    'http://./',
    'http://a example/',
    'http://a.example\\@b.example/',
    'http://ä.example/',
  ],
  ...['http://%61.example/', 'http://[::1/', ' http://a.example/', 'http://[fe80::1%25eth0]/'],
]) {
  t.test(`${JSON.stringify(target)} is no absolute-form`, async (t) => {
    t.equal(parseAbsoluteTarget(target), undefined)
  })
}

t.test('Host agrees in any case, with the port or without a default one', async (t) => {
  const authority = { hostname: 'a.example', port: 80 }
  for (const host of [
    'a.example',
    'A.EXAMPLE',
    'a.example:',
    'a.example:80',
    'a.example.',
    'a.example.:80',
  ]) {
    t.equal(agreesWithHost(host, authority, 80), true, host)
  }
  for (const host of ['', 'b.example', 'a.example:81', 'x.a.example', 'a.example..']) {
    t.equal(agreesWithHost(host, authority, 80), false, host)
  }
  t.equal(agreesWithHost('a.example', { hostname: 'a.example', port: 8080 }, 80), false)
})

t.test('an absolute-form that says what Host says is the origin-form', async (t) => {
  const rows = [
    ['/b/k?acl', 'anything', 'http', '/b/k?acl'],
    ['http://h.test/b/k?acl', 'h.test', 'http', '/b/k?acl'],
    ['HTTP://H.test:80//b/../k', 'h.test.', 'http', '//b/../k'],
    ['http://h.test?acl', 'h.test:80', 'http', '/?acl'],
    ['https://h.test/', 'h.test:443', 'https', '/'],
    ['http://h.test:9000/b', 'h.test:9000', 'http', '/b'],
    ['http://[::1]:9000/b', '[::1]:9000', 'http', '/b'],
    // Neither form: parseTarget refuses them.
    ['*', 'h.test', 'http', '*'],
    ['h.test:80', 'h.test', 'http', 'h.test:80'],
    ['http://u@h.test/', 'h.test', 'http', 'http://u@h.test/'],
    ['ftp://h.test/', 'h.test', 'http', 'ftp://h.test/'],
  ] as const
  for (const [raw, host, scheme, value] of rows) {
    t.strictSame(originFormOf(raw, ['host', host], scheme), { ok: true, value }, raw)
  }
})

t.test('whatever is sent, the origin-form is a part of it, byte for byte', async () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom(
        'http://',
        'https://',
        'h.test',
        ':80',
        '/',
        '?',
        '#',
        '@',
        '%2e',
        '..',
        '//',
      ),
      fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    ),
    maxLength: 12,
  })
  fc.assert(
    fc.property(text, (raw) => {
      for (const scheme of ['http', 'https'] as const) {
        const result = originFormOf(raw, ['host', 'h.test'], scheme)
        if (!result.ok) continue
        const { value } = result
        assert.ok(value === raw || raw.endsWith(value) || raw.endsWith(value.slice(1)), raw)
        if (value !== raw)
          assert.match(raw, new RegExp(`^${scheme}://h\\.test\\.?(:|[/?#]|$)`, 'i'))
      }
    }),
    { numRuns: 2000 },
  )
})

t.test('an absolute-form that says something else is refused', async (t) => {
  const rows = [
    ['http://h.test/b', 'g.test', 'http'],
    ['http://h.test/b', 'b.h.test', 'http'],
    ['http://h.test:9000/b', 'h.test', 'http'],
    ['http://h.test/b', 'h.test:9000', 'http'],
    ['https://h.test/b', 'h.test', 'http'],
    ['http://h.test/b', 'h.test', 'https'],
    ['http://h.test/b', '', 'http'],
  ] as const
  for (const [raw, host, scheme] of rows) {
    t.match(originFormOf(raw, ['host', host], scheme), {
      ok: false,
      error: { code: 'InvalidRequest', reason: 'target-host-mismatch' },
    })
  }
  t.match(originFormOf('http://h.test/', [], 'http'), { ok: false })
})
