import t from 'tap'
import { buildBucketPatterns, buildClient } from '../../src/config/build-clients.ts'
import { loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof buildClient, 'function')
t.equal(typeof buildBucketPatterns, 'function')

const SECRET = 'a-secret-of-some-length'

function client(settings: object) {
  return { ...SOUND, clients: [{ name: 'app', buckets: ['b'], ...settings }] }
}

t.test('a client has one of three identities', async (t) => {
  for (const [settings, identity] of [
    [
      { accessKeyId: 'SGAPP', secretAccessKey: SECRET },
      { kind: 'keys', accessKeyId: 'SGAPP', secretAccessKeys: [SECRET], sessionToken: undefined },
    ],
    [
      {
        accessKeyId: 'SGAPP',
        secretAccessKeys: [SECRET, { file: 's' }],
        sessionToken: 'token-token-token',
      },
      {
        kind: 'keys',
        accessKeyId: 'SGAPP',
        secretAccessKeys: [SECRET, 'another-secret-in-a-file'],
        sessionToken: 'token-token-token',
      },
    ],
    [{ anonymous: true }, { kind: 'anonymous' }],
  ] as const) {
    const files = { '/etc/sealgate/s': 'another-secret-in-a-file\n' }
    const config = await loaded(client(settings), { files })
    t.strictSame(config.clients[0]?.identity, identity)
  }
})

t.test('a secret may come from the environment', async (t) => {
  const file = client({ accessKeyId: 'SGAPP', secretAccessKey: '$' + '{env:APP}' })
  const config = await loaded(file, { env: { APP: SECRET } })
  t.match(config.clients[0]?.identity, { secretAccessKeys: [SECRET] })
  t.match(await problems(file), [/secretAccessKey: the environment variable APP is not set/])
})

t.test('what is wrong with a client is told', async (t) => {
  const keys = { accessKeyId: 'SGAPP', secretAccessKey: SECRET }
  for (const [settings, expected] of [
    [{}, [/^clients\[0\]: has no identity/]],
    [{ ...keys, anonymous: true }, [/^clients\[0\]: has more than one identity/]],
    [{ anonymous: true, secretAccessKey: SECRET }, [/secretAccessKey: is only valid for a client/]],
    [{ accessKeyId: 'SGAPP' }, [/^clients\[0\]: secretAccessKey is missing/]],
    [{ ...keys, secretAccessKeys: [SECRET] }, [/secretAccessKeys: set this or secretAccessKey/]],
    [{ accessKeyId: 'SGAPP', secretAccessKeys: [] }, [/secretAccessKeys: /]],
    [
      { accessKeyId: 'SGAPP', secretAccessKeys: [SECRET, SECRET, SECRET] },
      [/secretAccessKeys: must have at most two/],
    ],
    [
      { accessKeyId: 'SGAPP', secretAccessKeys: [SECRET, 'x'] },
      [/secretAccessKeys\[1\]: too short/],
    ],
    [{ accessKeyId: 'SGAPP', secretAccessKey: 12_345_678 }, [/secretAccessKey: a secret is text/]],
    [
      { accessKeyId: 12_345_678, secretAccessKey: SECRET },
      [/accessKeyId: must be text: put it in quotes/],
    ],
    [{ accessKeyId: 'a/b', secretAccessKey: SECRET }, [/accessKeyId: must be 3 to 128/]],
    [
      { accessKeyId: 'SGAPP', secretAccessKey: { file: 'no' } },
      [/secretAccessKey: cannot read \/etc\/sealgate\/no/],
    ],
    [
      { accessKeyId: 'SGAPP', secretAccessKey: { path: 'no' } },
      [/secretAccessKey: a secret is text/],
    ],
    [{ ...keys, name: 'a b' }, [/name: must be 1 to 64/]],
    [{ ...keys, buckets: [] }, [/buckets: must name at least one/]],
    [{ ...keys, buckets: ['a/b'] }, [/buckets\[0\]: a bucket name has no slash/]],
    [{ ...keys, buckets: ['a?', 'b'] }, [/buckets\[0\]: .*\* is the only wildcard/]],
    [{ ...keys, bucket: ['a'] }, [/bucket: unknown key; did you mean buckets/]],
    [{ certificate: {} }, [/certificate: set exactly one of subject and san/]],
    [{ certificate: { subject: 'CN=a', san: 'b' } }, [/certificate: set exactly one of/]],
    [{ certificate: { san: 'b' } }, [/certificate: no listener asks for a client certificate/]],
  ] as const) {
    t.match(await problems(client(settings)), expected, JSON.stringify(settings))
  }
})

t.test('a client may have upstream credentials of its own', async (t) => {
  const settings = { accessKeyId: 'SGAPP', secretAccessKey: SECRET }
  const config = await loaded(client({ ...settings, upstream: { source: 'env' } }))
  t.strictSame(config.clients[0]?.upstream, { source: 'env' })
  t.match(await problems(client({ ...settings, upstream: { source: 'x' } })), [
    /upstream\.source: must be one of/,
  ])
})

t.test('limits are a number and a unit', async (t) => {
  const keys = { accessKeyId: 'SGAPP', secretAccessKey: SECRET }
  for (const [requests, rate] of [
    ['100/s', { count: 100, unitMs: 1000 }],
    ['1/m', { count: 1, unitMs: 60_000 }],
    ['1000000/s', { count: 1_000_000, unitMs: 1000 }],
  ] as const) {
    const config = await loaded(client({ ...keys, requests }))
    t.strictSame(config.clients[0]?.requests, rate)
  }
  for (const [bandwidth, bytes] of [
    ['64KiB/s', 65_536],
    ['50MiB/s', 52_428_800],
    ['1GB/s', 1_000_000_000],
    ['100GiB/s', 107_374_182_400],
  ] as const) {
    const config = await loaded(client({ ...keys, bandwidth }))
    t.equal(config.clients[0]?.bandwidth, bytes)
  }
  const wrong = {
    requests: [
      100,
      '100',
      '0/s',
      '1000001/s',
      '1.5/s',
      '-1/s',
      '1e3/s',
      '100/h',
      '99999999999/s',
      ' 1/s',
    ],
    bandwidth: [
      '1MiB',
      '63KiB/s',
      '101GiB/s',
      '0MiB/s',
      '50mib/s',
      '50Mbit/s',
      1,
      '9999999999GiB/s',
    ],
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const found = await problems(client({ ...keys, [name]: value }))
      t.match(found, [`clients[0].${name}: write a number`], String(value))
    }
  }
})
