import t from 'tap'
import { configHash } from '../../src/config/config-hash.ts'
import { KEY_ARN, loaded, SOUND } from '../support/load-config.ts'

const CLIENT = SOUND.clients[0]
const TEMPORARY = { source: 'static', accessKeyId: 'SGUPSTREAM', sessionToken: 'a-token' }

t.test('the order of keys and a default that is written out change nothing', async (t) => {
  const reordered = Object.fromEntries(Object.entries(SOUND).reverse())
  const hash = configHash(await loaded(SOUND))
  t.match(hash, /^[0-9a-f]{64}$/)
  t.equal(configHash(await loaded(reordered)), hash)
  t.equal(
    configHash(await loaded({ ...SOUND, policy: { ...SOUND.policy, mode: 'enforce' } })),
    hash,
  )
})

t.test('so do operations that are allowed, in another order, and secrets', async (t) => {
  const hashOf = async (allowOperations: readonly string[], secret: string) =>
    configHash(
      await loaded({
        ...SOUND,
        upstream: {
          ...SOUND.upstream,
          credentials: { ...TEMPORARY, secretAccessKey: secret, sessionToken: secret },
        },
        clients: [{ ...CLIENT, secretAccessKey: secret }],
        policy: { ...SOUND.policy, allowOperations },
      }),
    )
  t.equal(
    await hashOf(['RenameObject', 'PutBucketEncryption'], 'a-secret-of-some-length'),
    await hashOf(['PutBucketEncryption', 'RenameObject'], 'another-secret-of-length'),
  )
})

t.test('a client that is the same object has the hash of one that is alike', async (t) => {
  const config = await loaded(SOUND)
  const hash = configHash(config)
  const [client] = config.clients
  if (client === undefined) throw new Error('no client')
  t.equal(configHash(config), hash)
  t.equal(configHash({ ...config, clients: [{ ...client }] }), hash)
  t.not(configHash({ ...config, clients: [{ ...client, allow: ['read'] }] }), hash)
  t.not(configHash({ ...config, clients: [] }), hash)
  t.not(configHash({ ...config, clients: [client, client] }), hash)
})

const CHANGES: Readonly<Record<string, object>> = {
  mode: { policy: { ...SOUND.policy, mode: 'observe' } },
  'a rule': { policy: { rules: [{ name: 'all', match: { keys: ['x'] }, exempt: 'for a test' }] } },
  'the order of rules': {
    policy: {
      rules: [
        { name: 'a', match: { buckets: ['a'] }, encrypt: { keyId: KEY_ARN } },
        { name: 'b', match: { buckets: ['b'] }, encrypt: { keyId: KEY_ARN } },
      ],
    },
  },
  'their other order': {
    policy: {
      rules: [
        { name: 'b', match: { buckets: ['b'] }, encrypt: { keyId: KEY_ARN } },
        { name: 'a', match: { buckets: ['a'] }, encrypt: { keyId: KEY_ARN } },
      ],
    },
  },
  'an access key id': { clients: [{ ...CLIENT, accessKeyId: 'SGBILLING0000000002' }] },
  'the region of a bucket': {
    upstream: { ...SOUND.upstream, buckets: { 'billing-eu': { region: 'eu-west-1' } } },
  },
  'an operation': { policy: { ...SOUND.policy, allowOperations: ['RenameObject'] } },
}

t.test('every other setting changes the hash', async (t) => {
  const hashes = new Set([configHash(await loaded(SOUND))])
  for (const [name, change] of Object.entries(CHANGES)) {
    const hash = configHash(await loaded({ ...SOUND, ...change }))
    t.notOk(hashes.has(hash), name)
    hashes.add(hash)
  }
})
