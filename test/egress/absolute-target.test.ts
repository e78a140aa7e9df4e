import t from 'tap'
import {
  agreesWithHost,
  parseAbsoluteTarget,
  parseConnectTarget,
} from '../../src/egress/absolute-target.ts'

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

t.test('CONNECT takes a host and a port', async (t) => {
  t.strictSame(parseConnectTarget('A.Example:443'), { hostname: 'a.example', port: 443 })
  t.strictSame(parseConnectTarget('[::1]:8443'), { hostname: '::1', port: 8443 })
  t.strictSame(parseConnectTarget('a.example.:443'), { hostname: 'a.example', port: 443 })
  for (const target of [
    ...['', 'a.example', 'a.example:', 'a.example:0', 'a.example:65536', ':443', '/a:443'],
    ...[
      'http://a.example:443',
      'user@a.example:443',
      'a.example..:443',
      '.:443',
      'a.example:443/',
      '::1:443',
    ],
  ]) {
    t.equal(parseConnectTarget(target), undefined, target)
  }
})

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
