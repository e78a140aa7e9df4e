import t from 'tap'
import { isHostName, parseHostHeaderName } from '../../src/config/host-name.ts'

t.test('host names and IPv4 addresses are accepted', async (t) => {
  const label = 'a'.repeat(63)
  const longest = `${label}.${label}.${label}.${'a'.repeat(61)}`
  for (const host of [
    'a',
    's3.corp.example',
    'my_host',
    'xn--bcher-kva.example',
    '10.0.0.1',
    longest,
  ]) {
    t.ok(isHostName(host), host)
  }
})

t.test('anything else is not a host name', async (t) => {
  const label = 'a'.repeat(63)
  const long = [`${label}a`, `${label}.${label}.${label}.${'a'.repeat(62)}`]
  const wrong = ['', '.', 'a.', '.a', 'a..b', '-a', 'a-', 'A', 'ü', 'a b', 'a/b', 'a:1', '*.a']
  for (const host of [...wrong, ...long, '256.0.0.1', '1.2.3', '2130706433', '0x7f.1']) {
    t.notOk(isHostName(host), host)
  }
})

t.test('a host comes as it stands in a Host header', async (t) => {
  t.equal(parseHostHeaderName('S3.Corp.Example'), 's3.corp.example')
  t.equal(parseHostHeaderName('::1'), '[::1]')
  t.equal(parseHostHeaderName('[::1]'), '[::1]')
  t.equal(parseHostHeaderName('S3.Test.'), 's3.test')
  for (const wrong of ['a:80', '.', 'a..', '::1.', '[::1].', '']) {
    t.equal(parseHostHeaderName(wrong), undefined, wrong)
  }
})
