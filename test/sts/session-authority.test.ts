import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Client, StsConfig } from '../../src/config/config.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import { SessionAuthority } from '../../src/sts/session-authority.ts'
import { type IssuerKey, makeIssuerKey, signToken } from '../support/issuer.ts'

const ISSUER = 'https://oidc.example/id'
const NOW_MS = 1_790_000_000_000
const NOW = NOW_MS / 1000
const [OLD_KEY, NEW_KEY] = [randomBytes(32), randomBytes(32)]

function clientOf(subjects: readonly string[], issuer = 'cluster', name = 'billing'): Client {
  return {
    name,
    identity: { kind: 'web-identity', issuer, subjects: subjects.map(compilePattern), claims: [] },
    buckets: [compilePattern('*')],
    prefixes: [''],
    allow: ['read'],
    upstream: undefined,
  }
}

const BILLING = clientOf(['system:serviceaccount:billing:*'])

function configOf(key: IssuerKey, sealingKeys: readonly Buffer[], issuer = ISSUER): StsConfig {
  const text = JSON.stringify({ keys: [key.jwk] })
  return {
    issuers: [{ name: 'cluster', issuer, audiences: ['sealgate'], jwks: { kind: 'file', text } }],
    sealingKeys,
    durationSeconds: 3600,
    files: [],
  }
}

const OFFLINE = {
  read: () => Promise.reject(new Error('a file needs no reading')),
  nowMs: () => 0,
  onRead: () => undefined,
}

function authorityOf(config: StsConfig, clients: readonly Client[] = [BILLING]): SessionAuthority {
  return new SessionAuthority(config, clients, OFFLINE, undefined)
}

/** Keys for a service account of `billing`. */
async function issue(t: Test, authority: SessionAuthority, key: IssuerKey, seconds?: number) {
  const token = await signToken(key, {
    iss: ISSUER,
    aud: 'sealgate',
    sub: 'system:serviceaccount:billing:app',
    exp: NOW + 60,
  })
  const kind = 'AssumeRoleWithWebIdentity'
  const request = {
    kind,
    client: 'billing',
    sessionName: 'app',
    durationSeconds: seconds,
    token,
  } as const
  const { result } = await authority.assumeRole(request, NOW_MS)
  if (!result.ok) throw new Error(result.error.reason)
  t.equal(result.value.expiresAt, NOW + (seconds ?? 3600))
  return result.value.keys
}

type Keys = Awaited<ReturnType<typeof issue>>

function reasonOf(authority: SessionAuthority, keys: Keys, nowMs = NOW_MS): string {
  const found = authority.find(keys.accessKeyId, keys.sessionToken, nowMs)
  if (found === undefined) return 'none'
  return found.ok ? found.value.client.name : `${found.error.code} ${found.error.reason}`
}

t.test('every process with the sealing key opens the keys that another one issued', async (t) => {
  const key = await makeIssuerKey()
  const [one, two] = [authorityOf(configOf(key, [OLD_KEY])), authorityOf(configOf(key, [OLD_KEY]))]
  const keys = await issue(t, one, key)
  t.equal(reasonOf(two, keys), 'billing')
  const found = two.find(keys.accessKeyId, keys.sessionToken, NOW_MS)
  t.match(found, {
    value: {
      secretAccessKeys: [keys.secretAccessKey],
      facts: {
        issuer: 'cluster',
        subject: 'system:serviceaccount:billing:app',
        sessionName: 'app',
      },
    },
  })
})

t.test('keys end at their time, also those that were opened before', async (t) => {
  const key = await makeIssuerKey()
  const authority = authorityOf(configOf(key, [OLD_KEY]))
  const keys = await issue(t, authority, key, 900)
  t.equal(reasonOf(authority, keys, NOW_MS + 899_999), 'billing')
  t.equal(reasonOf(authority, keys, NOW_MS + 900_000), 'ExpiredToken session-expired')
  t.equal(
    reasonOf(authorityOf(configOf(key, [OLD_KEY])), keys, NOW_MS + 900_000),
    'ExpiredToken session-expired',
  )
})

t.test(
  'a change of the sealing key: both open, the first seals, then the old one is gone',
  async (t) => {
    const key = await makeIssuerKey()
    const old = await issue(t, authorityOf(configOf(key, [OLD_KEY, NEW_KEY])), key)
    const both = authorityOf(configOf(key, [NEW_KEY, OLD_KEY]))
    const fresh = await issue(t, both, key)
    t.equal(reasonOf(both, old), 'billing')
    t.equal(reasonOf(both, fresh), 'billing')
    const last = authorityOf(configOf(key, [NEW_KEY]))
    t.equal(reasonOf(last, old), 'InvalidToken session-token-invalid')
    t.equal(reasonOf(last, fresh), 'billing')
  },
)

t.test('whoever lost the right to be a client has no keys of it any more', async (t) => {
  const key = await makeIssuerKey()
  const config = configOf(key, [OLD_KEY])
  const keys = await issue(t, authorityOf(config), key)
  const gone: readonly (readonly [string, SessionAuthority])[] = [
    ['no such client', authorityOf(config, [])],
    ['another subject', authorityOf(config, [clientOf(['system:serviceaccount:billing:other'])])],
    ['another issuer', authorityOf(config, [clientOf(['*'], 'other')])],
    ['another name', authorityOf(config, [clientOf(['*'], 'cluster', 'billing2')])],
    ['the issuer was replaced', authorityOf(configOf(key, [OLD_KEY], 'https://evil.example'))],
    ['a static key now', authorityOf(config, [{ ...BILLING, identity: { kind: 'anonymous' } }])],
  ]
  for (const [name, authority] of gone) {
    t.equal(reasonOf(authority, keys), 'InvalidToken session-token-invalid', name)
  }
})

t.test('what an unchanged issuer has read is kept over a reload', async (t) => {
  const key = await makeIssuerKey()
  let reads = 0
  const read = async (): Promise<string> => {
    reads++
    return JSON.stringify({ keys: [key.jwk] })
  }
  const options = { read, nowMs: () => 0, onRead: () => undefined }
  const uri = {
    kind: 'uri',
    uri: 'https://oidc.example/keys',
    ca: undefined,
    tokenFile: undefined,
  } as const
  const issuers = [{ name: 'cluster', issuer: ISSUER, audiences: ['sealgate'], jwks: uri }]
  const config = { issuers, sealingKeys: [OLD_KEY], durationSeconds: 3600, files: [] }
  const before = new SessionAuthority(config, [BILLING], options, undefined)
  await issue(t, before, key)
  const after = new SessionAuthority(
    { ...config, sealingKeys: [NEW_KEY] },
    [BILLING],
    options,
    before,
  )
  await issue(t, after, key)
  t.equal(reads, 1)
  const moved = [
    {
      name: 'cluster',
      issuer: ISSUER,
      audiences: ['sealgate'],
      jwks: { ...uri, uri: 'https://b.example/' },
    },
  ]
  await issue(
    t,
    new SessionAuthority({ ...config, issuers: moved }, [BILLING], options, after),
    key,
  )
  t.equal(reads, 2)
})
