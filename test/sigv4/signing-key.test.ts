import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import t from 'tap'
import { deriveSigningKey, SigningKey, SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import { REGION, readFixture, SECRET_ACCESS_KEY } from './example.ts'

// A fixture of this project, written once: its shape is known.
const { signingKey } = readFixture('sigv4-vectors.json') as { readonly signingKey: string }

t.test('the derived key is the published one', (t) => {
  const published = createHmac('sha256', Buffer.from(signingKey, 'hex')).update('text')
  const key = deriveSigningKey(SECRET_ACCESS_KEY, '20130524', REGION, 's3')
  t.equal(key.sign('text'), published.digest('hex'))
  t.end()
})

t.test('a signature is an HMAC-SHA256 of the octets, whatever the length', (t) => {
  const octets = Buffer.from(signingKey, 'hex')
  const key = new SigningKey(octets, false)
  const ofFipsMode = new SigningKey(octets, true)
  for (const length of [0, 1, 55, 64, 140, 959, 960, 961, 20_480, 100_000]) {
    const text = 'aé\xff\0'.repeat(length).slice(0, length)
    const expected = createHmac('sha256', octets).update(text, 'latin1').digest('hex')
    t.equal(key.sign(text), expected, String(length))
    t.equal(key.sign(text), expected, 'again, after a signature of the same key')
    t.equal(ofFipsMode.sign(text), expected, "OpenSSL's own HMAC")
  }
  t.end()
})

t.test('an inspector does not see a key', (t) => {
  const octets = Buffer.alloc(32, 0xab)
  for (const isFips of [false, true]) {
    const seen = inspect(new SigningKey(octets, isFips), { depth: 5, showHidden: true })
    t.notMatch(seen, /ab|9d|f7/)
  }
  const cache = new SigningKeyCache()
  cache.get('a-very-secret-secret', '20130524', REGION, 's3')
  t.notMatch(inspect(cache, { depth: 5, showHidden: true }), /secret/)
  t.end()
})

t.test('a cache gives the same key for the same secret and scope, and only then', (t) => {
  const cache = new SigningKeyCache()
  const scopes: readonly (readonly [string, string, string, string])[] = [
    ['secret', '20130524', 'us-east-1', 's3'],
    ['secret2', '20130524', 'us-east-1', 's3'],
    ['secret', '20130525', 'us-east-1', 's3'],
    ['secret', '20130524', 'us-east-2', 's3'],
    ['secret', '20130524', 'us-east-1', 's4'],
    ['\nsecret', '20130524', 'us-east-1', 's3'],
    ['ü', '20130524', 'us-east-1', 's3'],
  ]
  const keys = scopes.map((scope) => cache.get(...scope))
  t.equal(new Set(keys).size, scopes.length)
  for (const [index, scope] of scopes.entries()) {
    t.equal(cache.get(...scope), keys[index])
    t.equal(cache.get(...scope).sign('x'), deriveSigningKey(...scope).sign('x'))
  }
  t.equal(cache.size, scopes.length)
  t.end()
})

t.test('a full cache drops the key that was not used for longest', (t) => {
  const cache = new SigningKeyCache(2)
  const a = cache.get('a', '20130524', REGION, 's3')
  const b = cache.get('b', '20130524', REGION, 's3')
  t.equal(cache.get('a', '20130524', REGION, 's3'), a)
  cache.get('c', '20130524', REGION, 's3')
  t.equal(cache.size, 2)
  t.equal(cache.get('a', '20130524', REGION, 's3'), a)
  t.not(cache.get('b', '20130524', REGION, 's3'), b)
  t.equal(cache.size, 2)
  t.end()
})
