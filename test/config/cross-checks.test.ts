import t from 'tap'
import { checkClients, checkRules } from '../../src/config/cross-checks.ts'
import { makeCertificate } from '../support/certificates.ts'
import { KEY_ARN, loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof checkClients, 'function')
t.equal(typeof checkRules, 'function')

const KEYS = { secretAccessKey: 'a-secret-of-some-length', buckets: ['b'] }

t.test('names and access keys of clients are unique', async (t) => {
  const clients = [
    { name: 'a', accessKeyId: 'SGA', ...KEYS },
    { name: 'a', accessKeyId: 'SGB', ...KEYS },
    { name: 'c', accessKeyId: 'SGA', ...KEYS },
  ]
  t.match(await problems({ ...SOUND, clients }), [
    /clients\[1\]\.name: another client has the name a/,
    /clients\[2\]\.accessKeyId: the client a has the same/,
  ])
})

t.test('one client may be anonymous, and only where every listener is on loopback', async (t) => {
  const anonymous = (name: string) => ({ name, anonymous: true, buckets: ['b'] })
  t.match(await problems({ ...SOUND, clients: [anonymous('a'), anonymous('b')] }), [
    /clients\[1\]\.anonymous: a is already anonymous/,
  ])
  const listen = [{ address: '127.0.0.1:1' }, { address: '10.0.0.1:1', hosts: ['a'] }]
  t.match(await problems({ ...SOUND, listen, clients: [anonymous('a')] }), [
    /clients\[0\]\.anonymous: anyone could use it/,
  ])
  const loopback = [{ address: '127.0.0.1:1' }, { address: '[::1]:1' }]
  t.strictSame(await problems({ ...SOUND, listen: loopback, clients: [anonymous('a')] }), [])
})

t.test('a client known by its certificate needs a listener that asks for one', async (t) => {
  const { cert: certificate, key } = makeCertificate()
  const files = { '/etc/sealgate/c': certificate, '/etc/sealgate/k': key }
  const clients = [{ name: 'a', certificate: { san: 'a.example' }, buckets: ['b'] }]
  const tls = { certFile: 'c', keyFile: 'k' }
  const listen = (more: object) => [{ address: '127.0.0.1:1', tls: { ...tls, ...more } }]
  t.match(await problems({ ...SOUND, clients, listen: listen({}) }, { files }), [
    /no listener asks/,
  ])
  const config = await loaded(
    { ...SOUND, clients, listen: listen({ clientCaFile: 'c' }) },
    { files },
  )
  t.strictSame(config.clients[0]?.identity, {
    kind: 'certificate',
    subject: undefined,
    san: 'a.example',
  })
})

t.test(
  'a rule for a client that is not there is a warning, with the name that is near',
  async (t) => {
    const clients = [{ name: 'billing', accessKeyId: 'SGA', ...KEYS }]
    const warningsFor = async (...names: string[]) => {
      const rules = [{ name: 'a', match: { clients: names }, encrypt: { keyId: KEY_ARN } }]
      const { warnings } = await loaded({ ...SOUND, clients, policy: { rules } })
      return warnings.map(({ path, message }) => `${path}: ${message}`)
    }
    t.strictSame(await warningsFor('billing', 'bill*', '*'), [])
    t.match(await warningsFor('billing', 'biling', 'zz-*'), [
      /^policy\.rules\[0\]\.match\.clients\[1\]: no client has this name.*did you mean billing\?$/,
      /^policy\.rules\[0\]\.match\.clients\[2\]: no client has this name, so nobody is matched by it$/,
    ])
  },
)

t.test('a secret that is left out is missing, and digits need quotes', async (t) => {
  const client = { name: 'a', accessKeyId: 'SGA', buckets: ['b'] }
  const of = (more: object) => problems({ ...SOUND, clients: [{ ...client, ...more }] })
  t.match(await of({ secretAccessKey: 12345678 }), [
    /a secret is text, .*; put quotes around digits/,
  ])
  const upstream = { ...SOUND.upstream, credentials: { source: 'static', accessKeyId: 'A' } }
  t.match(await problems({ ...SOUND, upstream }), [
    /credentials\.secretAccessKey: is missing: a secret is text, /,
  ])
})

t.test('names of rules are unique', async (t) => {
  const rule = { name: 'a', encrypt: { keyId: KEY_ARN } }
  t.match(await problems({ ...SOUND, policy: { rules: [rule, rule] } }), [
    /policy\.rules\[1\]\.name: another rule has the name a/,
  ])
})

function keyed(keyId: string, upstream: object, buckets: readonly string[] = ['*']) {
  return {
    ...SOUND,
    upstream,
    policy: { rules: [{ name: 'a', match: { buckets }, encrypt: { keyId } }] },
  }
}

t.test('where the upstream is AWS or the sandbox the key is a full ARN', async (t) => {
  for (const upstream of [
    { region: 'eu-central-1' },
    { endpoint: 'sandbox:', region: 'eu-central-1' },
  ]) {
    t.strictSame(await problems(keyed(KEY_ARN, upstream)), [])
    for (const [keyId, expected] of [
      ['alias/mine', /keyId: an alias can point to another key later/],
      ['arn:aws:kms:eu-central-1:111122223333:alias/mine', /keyId: an alias/],
      ['1234abcd-12ab-34cd-56ef-1234567890ab', /keyId: a bare key id is not enough/],
      ['mrk-1234abcd12ab34cd56ef1234567890ab', /keyId: a bare key id is not enough/],
      ['mine', /keyId: is not the full ARN/],
    ] as const) {
      t.match(await problems(keyed(keyId, upstream)), [expected], keyId)
    }
  }
})

t.test('another S3 server names its keys as it likes', async (t) => {
  const upstream = { endpoint: 'https://rgw.corp.example', region: 'default' }
  for (const keyId of ['testkey-1', 'alias/mine', KEY_ARN]) {
    t.strictSame(await problems(keyed(keyId, upstream)), [], keyId)
  }
})

t.test('at AWS the key is in the region and partition of its buckets', async (t) => {
  const other = KEY_ARN.replace('eu-central-1', 'us-west-2')
  const upstream = { region: 'eu-central-1', buckets: { far: { region: 'us-west-2' } } }
  t.match(await problems(keyed(other, { region: 'eu-central-1' })), [
    /keyId: the key is in us-west-2, the buckets are in eu-central-1/,
  ])
  t.strictSame(await problems(keyed(other, upstream, ['far'])), [])
  t.strictSame(await problems(keyed(other, upstream, ['f*'])), [], 'a glob may match the far one')
  t.match(await problems(keyed(KEY_ARN, upstream, ['far'])), [/the buckets are in us-west-2/])
  t.match(await problems(keyed(other, upstream, ['near'])), [/the buckets are in eu-central-1/])
  t.match(
    await problems(keyed(KEY_ARN.replace('arn:aws:', 'arn:aws-cn:'), { region: 'eu-central-1' })),
    [/keyId: eu-central-1 is in the partition aws:/],
  )
})
