import t from 'tap'
import { parseConnectTarget, serverNameHost } from '../../src/egress/target.ts'

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

t.test('a server name is compared in lower case, without a last dot', async (t) => {
  t.equal(serverNameHost('A.Example.'), 'a.example')
  t.equal(serverNameHost('a.example'), 'a.example')
})
