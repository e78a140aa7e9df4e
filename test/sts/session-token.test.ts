import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { SealingKey } from '../../src/sts/sealing-key.ts'
import {
  ACCESS_KEY_BYTES,
  isSessionAccessKeyId,
  openSessionToken,
  SALT_BYTES,
  SESSION_TOKEN_LENGTH_MAX,
  sealSession,
} from '../../src/sts/session-token.ts'

const KEY = new SealingKey(Buffer.alloc(32, 1))
const OTHER = new SealingKey(Buffer.alloc(32, 2))
const SESSION = {
  client: 'billing',
  issuer: 'https://oidc.example/id',
  subject: 'system:serviceaccount:billing:app',
  sessionName: 'app-7',
  tokenId: '0123456789abcdef0123456789abcdef',
  expiresAt: 1_800_000_000,
}

const random = () => ({ salt: randomBytes(SALT_BYTES), accessKey: randomBytes(ACCESS_KEY_BYTES) })

t.test('a token opens with its key: the same session and the same secret', async (t) => {
  const keys = sealSession(KEY, SESSION, random())
  t.match(keys.accessKeyId, /^SGWI[A-Z2-7]{16}$/)
  t.ok(isSessionAccessKeyId(keys.accessKeyId))
  t.match(keys.secretAccessKey, /^[A-Za-z0-9+/]{40}$/)
  t.match(keys.sessionToken, /^[A-Za-z0-9_-]+$/)
  const opened = openSessionToken([OTHER, KEY], keys.accessKeyId, keys.sessionToken)
  t.strictSame(opened, { ...SESSION, secretAccessKey: keys.secretAccessKey })
})

t.test('the form of version 1 does not change', async (t) => {
  const fixed = { salt: Buffer.alloc(SALT_BYTES, 3), accessKey: Buffer.alloc(ACCESS_KEY_BYTES, 4) }
  const { accessKeyId, secretAccessKey, sessionToken } = sealSession(KEY, SESSION, fixed)
  t.equal(accessKeyId, 'SGWIAQCAIBAEAQCAIBAE')
  t.equal(Buffer.from(sessionToken, 'base64url')[0], 1)
  t.strictSame(sealSession(KEY, SESSION, fixed), { accessKeyId, secretAccessKey, sessionToken })
})

t.test('each session has a token and a secret of its own', async (t) => {
  const [one, two] = [sealSession(KEY, SESSION, random()), sealSession(KEY, SESSION, random())]
  t.not(one.sessionToken, two.sessionToken)
  t.not(one.secretAccessKey, two.secretAccessKey)
})

t.test('neither token nor inspection shows what is sealed', async (t) => {
  const { sessionToken, secretAccessKey } = sealSession(KEY, SESSION, random())
  const bytes = Buffer.from(sessionToken, 'base64url').toString('latin1')
  for (const text of [SESSION.client, SESSION.subject, secretAccessKey]) {
    t.notOk(bytes.includes(text))
  }
  t.notMatch(JSON.stringify(KEY), /AQEB|0101/)
})

t.test('a token of another gateway, or of another key id, does not open', async (t) => {
  const keys = sealSession(KEY, SESSION, random())
  t.equal(openSessionToken([OTHER], keys.accessKeyId, keys.sessionToken), undefined)
  t.equal(openSessionToken([], keys.accessKeyId, keys.sessionToken), undefined)
  const another = sealSession(KEY, SESSION, random())
  t.equal(openSessionToken([KEY], another.accessKeyId, keys.sessionToken), undefined)
})

t.test('a token that was altered in any byte, cut or extended does not open', async (t) => {
  const { accessKeyId, sessionToken } = sealSession(KEY, SESSION, random())
  const bytes = Buffer.from(sessionToken, 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    const altered = Buffer.from(bytes)
    altered[at] = (altered[at] ?? 0) ^ 0x01
    const text = altered.toString('base64url')
    if (openSessionToken([KEY], accessKeyId, text) !== undefined) t.fail(`byte ${at}`)
  }
  for (const text of [
    '',
    'A',
    sessionToken.slice(0, -1),
    `${sessionToken}A`,
    `${sessionToken}=`,
    ` ${sessionToken}`,
    `${sessionToken}\n`,
    sessionToken.replace(/./, '*'),
    'A'.repeat(SESSION_TOKEN_LENGTH_MAX),
    'A'.repeat(SESSION_TOKEN_LENGTH_MAX + 1),
  ]) {
    t.equal(openSessionToken([KEY], accessKeyId, text), undefined, text.slice(0, 8))
  }
})

t.test('what is sealed is what is opened, and garbage never is', async () => {
  const word = fc.string({ unit: 'binary', maxLength: 80 })
  fc.assert(
    fc.property(word, word, word, fc.nat(), (client, subject, sessionName, expiresAt) => {
      const session = { ...SESSION, client, subject, sessionName, expiresAt }
      const { accessKeyId, sessionToken } = sealSession(KEY, session, random())
      const opened = openSessionToken([KEY], accessKeyId, sessionToken)
      return (
        opened?.subject === Buffer.from(subject).toString() &&
        opened.client === Buffer.from(client).toString()
      )
    }),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(fc.string(), fc.uint8Array({ maxLength: 200 }), (text, bytes) => {
      const framed = Buffer.concat([Buffer.of(1), KEY.id, bytes]).toString('base64url')
      return (
        openSessionToken([KEY], 'SGWIAAAAAAAAAAAAAAAA', text) === undefined &&
        openSessionToken([KEY], 'SGWIAAAAAAAAAAAAAAAA', framed) === undefined
      )
    }),
    { numRuns: 300 },
  )
})

t.test('other access key ids are none of a session', async (t) => {
  for (const text of [
    '',
    'SGWI',
    'SGBILLING0000000001',
    'SGWIaaaaaaaaaaaaaaaa',
    'SGWIAAAAAAAAAAAAAAAAA',
    'ASIAAAAAAAAAAAAAAAAA',
  ]) {
    t.notOk(isSessionAccessKeyId(text), text)
  }
})
