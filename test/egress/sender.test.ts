import t from 'tap'
import type { Client } from '../../src/config/config.ts'
import { ProxyClients } from '../../src/egress/sender.ts'
import { basic } from './through-proxy.ts'

function client(name: string, identity: Client['identity']): Client {
  return { name, identity, buckets: [], prefixes: [''], allow: [], upstream: undefined }
}

const app = client('app', {
  kind: 'keys',
  accessKeyId: 'SGAPP',
  secretAccessKeys: ['old:secret', 'new-sécret'],
  sessionToken: undefined,
})
const temporary = client('temporary', {
  kind: 'keys',
  accessKeyId: 'SGTEMP',
  secretAccessKeys: ['secret'],
  sessionToken: 'token',
})
// Called like another's access key.
const impostor = client('SGAPP', {
  kind: 'keys',
  accessKeyId: 'SGOTHER',
  secretAccessKeys: ['other'],
  sessionToken: undefined,
})
const clients = new ProxyClients([
  app,
  temporary,
  impostor,
  client('nobody', { kind: 'anonymous' }),
])

function identify(...values: readonly string[]) {
  return clients.identify(values.flatMap((value) => ['proxy-authorization', value]))
}

t.test('a client is known by its access key id or name, and any of its secrets', async (t) => {
  for (const user of ['SGAPP', 'app']) {
    for (const secret of ['old:secret', 'new-sécret']) {
      t.strictSame(identify(basic(user, secret)), { kind: 'client', client: app }, user)
    }
  }
  t.equal(identify(basic('SGAPP', 'old:secret').replace('Basic', 'bASIC')).kind, 'client')
})

t.test('a request without Proxy-Authorization names no client', async (t) => {
  t.strictSame(identify(), { kind: 'absent' })
  t.strictSame(clients.identify(['authorization', basic('app', 'old:secret')]), { kind: 'absent' })
})

for (const [what, values] of [
  ['another secret', [basic('app', 'secret')]],
  ['an empty secret', [basic('app', '')]],
  ['an unknown user', [basic('who', 'old:secret')]],
  ['an unknown user with an empty secret', [basic('who', '')]],
  ['an empty user', [basic('', 'old:secret')]],
  ['an anonymous client', [basic('nobody', '')]],
  ['a client with a session token', [basic('SGTEMP', 'secret')]],
  ["a name that is another's access key", [basic('SGAPP', 'other')]],
  ['the secret in other case', [basic('app', 'OLD:SECRET')]],
  ['another scheme', ['Bearer b2xk', 'Digest x', 'Basic']],
  ['no base64', ['Basic ***']],
  ['no colon', [`Basic ${Buffer.from('app').toString('base64')}`]],
  ['two fields', [basic('app', 'old:secret'), basic('app', 'old:secret')]],
  ['a field of 1,025 characters', [`Basic ${'A'.repeat(1019)}`]],
] as const) {
  t.test(`${what} is wrong`, async (t) => {
    t.strictSame(identify(...values), { kind: 'wrong' })
  })
}
