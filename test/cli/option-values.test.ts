import { InvalidArgumentError } from 'commander'
import t from 'tap'
import {
  parseBindAddress,
  parseHeader,
  parseHttpEndpoint,
  parseLoopbackUrl,
  parseQuantity,
} from '../../src/cli/option-values.ts'

const ENDPOINTS = [
  [
    'http://127.0.0.1:8080',
    { isTls: false, hostname: '127.0.0.1', port: 8080, host: '127.0.0.1:8080' },
  ],
  ['http://localhost', { isTls: false, hostname: 'localhost', port: 80, host: 'localhost' }],
  [
    'https://s3.corp.example/',
    { isTls: true, hostname: 's3.corp.example', port: 443, host: 's3.corp.example' },
  ],
  [
    'https://s3.corp.example:8443',
    { isTls: true, hostname: 's3.corp.example', port: 8443, host: 's3.corp.example:8443' },
  ],
  ['http://[::1]:8080', { isTls: false, hostname: '::1', port: 8080, host: '[::1]:8080' }],
] as const

t.test('an endpoint gives the address and the value of the Host field', async (t) => {
  for (const [text, endpoint] of ENDPOINTS) t.strictSame(parseHttpEndpoint(text), endpoint, text)
})

t.test('an endpoint is refused if it has a path, a query, a user or another scheme', async (t) => {
  for (const text of [
    'localhost:8080',
    'ftp://localhost',
    'http://localhost/bucket',
    'http://localhost/?x',
    'http://localhost/#x',
    'http://user:word@localhost',
    '',
  ]) {
    t.throws(() => parseHttpEndpoint(text), InvalidArgumentError, text)
  }
})

t.test('an address has a port, and may have a host', async (t) => {
  t.strictSame(parseBindAddress('[::1]:9443'), { host: '::1', port: 9443 })
  t.strictSame(parseBindAddress('127.0.0.1:0'), { host: '127.0.0.1', port: 0 })
  t.strictSame(parseBindAddress(':65535'), { port: 65_535 })
  for (const text of ['8443', 'a:', 'a:65536', 'a:b:1', '[::1:1', '']) {
    t.throws(() => parseBindAddress(text), InvalidArgumentError, text)
  }
})

t.test('a header field is added with its name in lower case', async (t) => {
  t.strictSame(parseHeader('X-Amz-Acl:  private ', ['host', 'h']), [
    ...['host', 'h'],
    ...['x-amz-acl', 'private'],
  ])
  t.strictSame(parseHeader('a:b:c', []), ['a', 'b:c'])
})

t.test('the sidecar listens on loopback over plain HTTP', async (t) => {
  t.equal(parseLoopbackUrl('http://[::1]:1'), 'http://[::1]:1')
  for (const text of ['https://127.0.0.1:8080', 'nonsense', 'http://127.0.0.1.example:1']) {
    t.throws(() => parseLoopbackUrl(text), InvalidArgumentError, text)
  }
})

t.test('a quantity is a number with one of the suffixes of Kubernetes', async (t) => {
  for (const text of ['100m', '1', '1.5Gi', '128Mi', '2k']) t.equal(parseQuantity(text), text)
  for (const text of ['-1', '1 GB', '', 'Mi', '1.']) {
    t.throws(() => parseQuantity(text), InvalidArgumentError, text)
  }
})
