import aws4 from 'aws4'
import fc from 'fast-check'
import t from 'tap'
import type { Client } from '../../src/config/config.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import { identify } from '../../src/request/identify.ts'
import { readRequest } from '../../src/request/read-request.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import { SealingKey } from '../../src/sts/sealing-key.ts'
import { SessionAuthority } from '../../src/sts/session-authority.ts'
import { ACCESS_KEY_BYTES, SALT_BYTES, sealSession } from '../../src/sts/session-token.ts'

const SECRETS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)] as const
const NOW_MS = Date.now()
const NOW = Math.floor(NOW_MS / 1000)

function clientOf(name: string): Client {
  const subjects = [compilePattern(`job:${name}:*`)]
  return {
    name,
    identity: { kind: 'web-identity', issuer: 'ci', subjects, claims: [] },
    buckets: [compilePattern('bucket')],
    prefixes: [''],
    allow: ['read'],
    upstream: undefined,
  }
}

const OFFLINE = {
  read: () => Promise.reject(new Error('offline')),
  nowMs: () => 0,
  onRead: () => undefined,
}
const ISSUER = { name: 'ci', issuer: 'https://oidc.example', audiences: ['a'] }
const AUTHORITY = new SessionAuthority(
  {
    issuers: [{ ...ISSUER, jwks: { kind: 'file', text: '{"keys":[]}' } }],
    sealingKeys: [SECRETS[0]],
    durationSeconds: 3600,
    files: [],
  },
  [clientOf('one'), clientOf('two')],
  OFFLINE,
  undefined,
)

interface Issued {
  readonly client: string
  readonly subject: string
  /** 0: this gateway's; 1: another's. */
  readonly sealing: number
  readonly secondsLeft: number
}

function issue({ client, subject, sealing, secondsLeft }: Issued, at: number) {
  return sealSession(
    new SealingKey(SECRETS[sealing] ?? SECRETS[0]),
    {
      ...{ client, subject, issuer: ISSUER.issuer, sessionName: 'n', tokenId: 'a' },
      expiresAt: NOW + secondsLeft,
    },
    { salt: Buffer.alloc(SALT_BYTES, at), accessKey: Buffer.alloc(ACCESS_KEY_BYTES, at) },
  )
}

const issued = fc.record({
  client: fc.constantFrom('one', 'two', 'three'),
  subject: fc.constantFrom('job:one:1', 'job:two:1', 'job:three:1', 'root'),
  sealing: fc.constantFrom(0, 0, 0, 1),
  secondsLeft: fc.constantFrom(3600, 1, 0, -1),
})

/** Which of two sessions each part of the credentials is taken from, and what is done to the token. */
const mix = fc.record({
  sessions: fc.tuple(issued, issued),
  id: fc.constantFrom(0, 1),
  secret: fc.constantFrom(0, 0, 1),
  token: fc.constantFrom(0, 0, 1),
  flip: fc.option(fc.nat(2000), { freq: 4 }),
  isPresigned: fc.boolean(),
})

function flipped(token: string, at: number | null): string {
  if (at === null) return token
  const index = at % token.length
  return `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`
}

/** Who a request is of that is signed with these keys. */
function identifySender(
  credentials: Readonly<Record<'accessKeyId' | 'secretAccessKey' | 'sessionToken', string>>,
  isPresigned: boolean,
) {
  const headers = { host: 'h', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const asked = { service: 's3', region: 'us-east-1', method: 'GET', path: '/bucket/k' }
  const signed = isPresigned
    ? aws4.sign({ ...asked, host: 'h', headers: {}, signQuery: true }, credentials)
    : aws4.sign({ ...asked, headers }, credentials)
  const sent = isPresigned ? { host: 'h' } : { ...signed.headers }
  const list = Object.entries(sent).flatMap(([name, value]) => [name.toLowerCase(), String(value)])
  const request = readRequest('GET', signed.path ?? '', list, ['h'], new Set())
  if (!request.ok) throw new Error(request.error.reason)
  const context = {
    clientsByAccessKeyId: new Map(),
    sessions: AUTHORITY,
    unsignedClient: undefined,
    region: 'us-east-1',
    keys: new SigningKeyCache(),
    nowMs: NOW_MS,
    stripsEncryption: false,
  }
  return identify(context, request.value)
}

t.test('only the whole, unexpired keys of a subject that is the client identify it', async () => {
  fc.assert(
    fc.property(mix, ({ sessions, id, secret, token, flip, isPresigned }) => {
      const keys = sessions.map((session, i) => issue(session, i + 1))
      const sessionToken = flipped(keys[token]?.sessionToken ?? '', flip)
      const credentials = {
        accessKeyId: keys[id]?.accessKeyId ?? '',
        secretAccessKey: keys[secret]?.secretAccessKey ?? '',
        sessionToken,
      }
      const principal = identifySender(credentials, isPresigned)
      const session = sessions[id]
      const isSame = id === secret && id === token
      const isWhole = isSame && sessionToken === keys[token]?.sessionToken
      const isGood =
        isWhole &&
        session?.sealing === 0 &&
        session.secondsLeft * 1000 + NOW * 1000 > NOW_MS &&
        session.subject.startsWith(`job:${session.client}:`) &&
        session.client !== 'three'
      if (!isGood) return !principal.ok
      return principal.ok && principal.value.client.name === session.client
    }),
    { numRuns: 600 },
  )
})
