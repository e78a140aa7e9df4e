import t from 'tap'
import { buildAdmin, buildListener, checkAddresses } from '../../src/config/build-listen.ts'
import { makeCertificate } from '../support/certificates.ts'
import { loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof buildListener, 'function')
t.equal(typeof buildAdmin, 'function')
t.equal(typeof checkAddresses, 'function')

function listening(...listen: readonly object[]) {
  return { ...SOUND, listen }
}

t.test('a loopback listener has loopback names where none are given', async (t) => {
  const { listen } = await loaded(listening({ address: '[::1]:8080' }))
  t.strictSame(listen, [
    {
      kind: 's3',
      address: { host: '::1', port: 8080 },
      hosts: ['localhost', '127.0.0.1', '[::1]'],
      tls: undefined,
      isLoopback: true,
      proxyProtocol: undefined,
      forwardedFor: undefined,
      egress: undefined,
    },
  ])
})

t.test('beyond loopback the names must be given, and plain HTTP is a warning', async (t) => {
  t.match(await problems(listening({ address: ':8080' })), [/^listen\[0\]: hosts is missing/])
  t.match(await problems(listening({ address: ':8080', hosts: [] })), [/^listen\[0\]\.hosts: /])
  const config = await loaded(listening({ address: ':8080', hosts: ['S3.Corp.Example', '::1'] }))
  t.strictSame(config.listen[0]?.hosts, ['s3.corp.example', '[::1]'])
  t.match(config.warnings, [{ path: 'listen[0]', line: 1, message: /plain HTTP beyond loopback/ }])
})

t.test('host names that cannot match are refused with a remedy', async (t) => {
  const hosts = ['*.a', 'https://a', 'a:80', '-', 'b', 'B', '0.0.0.0', '[::]']
  t.match(await problems(listening({ address: '127.0.0.1:0', hosts })), [
    /hosts\[0\]: wildcards are not allowed/,
    /hosts\[1\]: must be a host name without https/,
    /hosts\[2\]: must be a host name without a port/,
    /hosts\[3\]: is not a host name/,
    /hosts\[5\]: duplicate host b/,
    /hosts\[6\]: clients cannot use this host/,
    /hosts\[7\]: clients cannot use this host/,
  ])
})

t.test('addresses have to be addresses, and free', async (t) => {
  t.match(await problems(listening({ address: '8080' })), [
    /listen\[0\]\.address: must be HOST:PORT/,
  ])
  const admin = { address: '127.0.0.1:8080' }
  const both = { ...listening({ address: '127.0.0.1:8080' }, { address: '127.0.0.1:8080' }), admin }
  t.match(await problems(both), [
    /listen\[1\]\.address: another listener uses 127\.0\.0\.1:8080/,
    /admin\.address: another listener uses 127\.0\.0\.1:8080/,
  ])
  const any = listening({ address: '127.0.0.1:0' }, { address: '127.0.0.1:0' })
  t.equal((await loaded({ ...any, admin: { address: ':0' } })).listen.length, 2)
})

t.test('certificate and key are read and must be a pair', async (t) => {
  const [one, other] = [makeCertificate(), makeCertificate()]
  const tls = { certFile: 'tls.crt', keyFile: '/run/tls.key', clientCaFile: 'ca.crt' }
  const file = listening({ address: ':8443', hosts: ['s3.corp.example'], tls })
  const sound = {
    '/etc/sealgate/tls.crt': one.cert,
    '/run/tls.key': one.key,
    '/etc/sealgate/ca.crt': other.cert,
  }
  const config = await loaded(file, { files: sound })
  t.strictSame(config.listen[0]?.tls, {
    certFile: '/etc/sealgate/tls.crt',
    keyFile: '/run/tls.key',
    clientCaFile: '/etc/sealgate/ca.crt',
  })
  t.strictSame(config.warnings, [])
  for (const [files, expected] of [
    [{ ...sound, '/run/tls.key': other.key }, [/keyFile: is not the key of the certificate/]],
    [{ ...sound, '/run/tls.key': 'x' }, [/keyFile: has no PEM private key/]],
    [{ ...sound, '/etc/sealgate/tls.crt': 'x' }, [/certFile: has no PEM certificate/]],
    [{ ...sound, '/etc/sealgate/ca.crt': 'x' }, [/clientCaFile: has no PEM certificate/]],
    [{}, [/certFile: cannot read/, /keyFile: cannot read/, /clientCaFile: cannot read/]],
  ] as const) {
    t.match(await problems(file, { files }), expected)
  }
})

t.test('settings of an egress listener have no place at another', async (t) => {
  const egress = { intercept: false }
  t.match(await problems(listening({ address: '127.0.0.1:0', egress })), [
    /listen\[0\]\.egress: is only valid for a listener/,
  ])
})
