import t from 'tap'
import {
  addressesCollide,
  formatSocketAddress,
  isLoopbackHost,
  isWildcardHost,
  parseSocketAddress,
  toListenOptions,
} from '../../src/config/socket-address.ts'

t.test('every address is asked of node in the way that works without IPv6, too', async (t) => {
  t.strictSame(toListenOptions({ host: '::', port: 8080 }), { port: 8080 })
  t.strictSame(toListenOptions({ host: '::1', port: 8080 }), { host: '::1', port: 8080 })
  t.strictSame(toListenOptions({ host: '0.0.0.0', port: 0 }), { host: '0.0.0.0', port: 0 })
})

t.test('addresses are read in their three forms', async (t) => {
  t.strictSame(parseSocketAddress('127.0.0.1:8080'), { host: '127.0.0.1', port: 8080 })
  t.strictSame(parseSocketAddress('Localhost:0'), { host: 'localhost', port: 0 })
  t.strictSame(parseSocketAddress('[::1]:65535'), { host: '::1', port: 65_535 })
  t.strictSame(parseSocketAddress(':8080'), { host: '::', port: 8080 })
})

t.test('other text is not a socket address', async (t) => {
  const wrong = ['', '8080', 'host', 'host:', 'host:x', 'host:65536', '::1:80', '[127.0.0.1]:80']
  for (const text of [
    ...wrong,
    '[::1]',
    '[]:1',
    '[::g]:1',
    'a b:1',
    '1.2.3:80',
    '-a:1',
    'http://a:1',
  ]) {
    t.equal(parseSocketAddress(text), undefined, text)
  }
})

t.test('loopback is 127.0.0.0/8, ::1 and localhost', async (t) => {
  for (const host of [
    '127.0.0.1',
    '127.255.255.254',
    '::1',
    '0:0:0:0:0:0:0:1',
    'localhost',
    'a.localhost',
  ]) {
    t.ok(isLoopbackHost(host), host)
  }
  const wrong = ['128.0.0.1', '0.0.0.0', '::', '::2', '::11', '1::1', 'fe80::1', '::ffff:10.0.0.1']
  for (const host of [...wrong, 'localhost.example', '127.example', '']) {
    t.notOk(isLoopbackHost(host), host)
  }
})

t.test('a wildcard stands for every address', async (t) => {
  for (const host of ['0.0.0.0', '::', '0:0:0:0:0:0:0:0']) t.ok(isWildcardHost(host), host)
  for (const host of ['127.0.0.1', '::1', 'localhost', '0']) t.notOk(isWildcardHost(host), host)
})

t.test('sockets collide on the same port of the same host or of every host', async (t) => {
  const local = { host: '127.0.0.1', port: 80 }
  t.ok(addressesCollide(local, { ...local }))
  t.ok(addressesCollide(local, { host: '0.0.0.0', port: 80 }))
  t.ok(addressesCollide({ host: '::', port: 80 }, local))
  t.notOk(addressesCollide(local, { host: '127.0.0.2', port: 80 }))
  t.notOk(addressesCollide(local, { ...local, port: 81 }))
  t.notOk(addressesCollide({ host: 'a', port: 0 }, { host: 'a', port: 0 }), 'any free port')
})

t.test('an address is written as it is read', async (t) => {
  for (const text of ['127.0.0.1:80', '[::1]:80', 'host:1']) {
    const address = parseSocketAddress(text)
    t.equal(address && formatSocketAddress(address), text)
  }
})
