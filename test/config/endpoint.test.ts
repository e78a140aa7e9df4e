import t from 'tap'
import { parseEndpoint } from '../../src/config/endpoint.ts'

t.test('an endpoint is a scheme, a host and maybe a port', async (t) => {
  for (const [text, protocol, hostname, port] of [
    ['https://s3.eu-central-1.amazonaws.com', 'https:', 's3.eu-central-1.amazonaws.com', 443],
    ['HTTP://Minio.Corp.Example:9000/', 'http:', 'minio.corp.example', 9000],
    ['http://127.0.0.1', 'http:', '127.0.0.1', 80],
    ['https://[::1]:8443', 'https:', '::1', 8443],
  ] as const) {
    t.strictSame(parseEndpoint(text), {
      ok: true,
      value: { kind: 'url', protocol, hostname, port },
    })
  }
})

t.test('a last dot of the name is left out, and known', async (t) => {
  for (const [text, hostname, isRooted] of [
    ['https://Minio.Corp.Example.:9000', 'minio.corp.example', true],
    ['http://minio./', 'minio', true],
    ['http://127.0.0.1.', '127.0.0.1', undefined],
  ] as const) {
    t.match(parseEndpoint(text), { ok: true, value: { hostname, isRooted } }, text)
  }
  for (const text of [
    'https://a..',
    'https://.',
    'https://[::1].',
    'https://[::1.]',
    'https://1.',
  ]) {
    t.match(parseEndpoint(text), { ok: false }, text)
  }
})

t.test('anything else is refused, with a remedy', async (t) => {
  for (const [text, message] of [
    ['s3.corp.example', /write it as https:/],
    ['ftp://s3.corp.example', /ftp:\/\/ is not supported/],
    ['https://s3.corp.example/prefix', /a path or query is not allowed/],
    ['https://s3.corp.example?x', /a path or query is not allowed/],
    ['https://user:pw@s3.corp.example', /a user or password/],
    ['https://', /is not a valid host/],
    ['https://a:b:c', /is not HOST/],
    ['https://a:0', /0 is not a port/],
    ['https://a:65536', /65536 is not a port/],
    ['https://2130706433', /is not a valid host/],
    ['https://0x7f000001', /is not a valid host/],
    ['https://[127.0.0.1]', /is not a valid host/],
    ['https://exa mple', /is not a valid host/],
    ['https://a\\@b', /a user or password/],
  ] as const) {
    t.match(parseEndpoint(text), { ok: false, error: message }, text)
  }
})
