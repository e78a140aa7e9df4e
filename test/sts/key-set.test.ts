import { exportJWK, generateKeyPair } from 'jose'
import t from 'tap'
import { findKey, parseKeySet } from '../../src/sts/key-set.ts'
import { makeIssuerKey } from '../support/issuer.ts'

const parse = (keys: readonly unknown[]) => parseKeySet(JSON.stringify({ keys }))

t.test('each key has one algorithm: its own, or the usual one of its kind', async (t) => {
  const [rsa, ec, ed] = [
    await makeIssuerKey('PS384', 'a'),
    await makeIssuerKey('ES384', 'b'),
    await makeIssuerKey('EdDSA', 'c'),
  ]
  const bare = [rsa, ec, ed].map(({ jwk: { alg: _, use: __, ...rest } }) => rest)
  const named = await parse([rsa.jwk, ec.jwk, ed.jwk])
  t.strictSame(
    named?.map(({ algorithm }) => algorithm),
    ['PS384', 'ES384', 'EdDSA'],
  )
  const usual = await parse(bare)
  t.strictSame(
    usual?.map(({ algorithm }) => algorithm),
    ['RS256', 'ES384', 'EdDSA'],
  )
})

t.test(
  'what verifies no signature of ours is skipped; if nothing is left, it is no set',
  async (t) => {
    const { jwk } = await makeIssuerKey('RS256')
    const weak = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true })
    const symmetric = { kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQ', kid: 'key-1' }
    const unfit = [
      { ...jwk, use: 'enc' },
      { ...jwk, key_ops: ['encrypt'] },
      { ...jwk, alg: 'HS256' },
      { ...jwk, alg: 'RSA-OAEP' },
      { ...jwk, alg: 'ES256' },
      { ...jwk, alg: 'none' },
      { ...jwk, kty: 'EC' },
      { ...jwk, n: undefined },
      { ...jwk, n: 7 },
      symmetric,
      { ...symmetric, alg: 'HS256' },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
      null,
      'key',
      [],
    ]
    for (const entry of unfit) t.equal(await parse([entry]), undefined, JSON.stringify(entry))
    t.equal((await parse([...unfit, jwk]))?.length, 1)
    t.equal((await parse([{ ...jwk, use: 'jwt-svid' }]))?.length, 1)
    const priv = await exportJWK(weak.privateKey)
    const [key] = (await parse([priv])) ?? []
    t.ok(key !== undefined && !(key.key instanceof Uint8Array) && key.key.type === 'public')
  },
)

t.test('texts that are no key set are none', async (t) => {
  const { jwk } = await makeIssuerKey()
  for (const text of ['', '{', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[]}']) {
    t.equal(await parseKeySet(text), undefined, text)
  }
  t.equal((await parse(Array.from({ length: 100 }, () => jwk)))?.length, 100)
  t.equal(await parse(Array.from({ length: 101 }, () => jwk)), undefined)
  t.equal(await parseKeySet(JSON.stringify({ keys: [jwk], pad: 'x'.repeat(262_144) })), undefined)
})

t.test('a key is found by its id; without one only if there is one key', async (t) => {
  const [one, two] = [await makeIssuerKey('ES256', 'a'), await makeIssuerKey('ES256', 'b')]
  const both = (await parse([one.jwk, two.jwk])) ?? []
  t.equal(findKey(both, 'b')?.keyId, 'b')
  t.equal(findKey(both, 'c'), undefined)
  t.equal(findKey(both, undefined), undefined)
  t.equal(findKey(both.slice(0, 1), undefined)?.keyId, 'a')
  t.equal(findKey(both.slice(0, 1), ''), undefined)
})
