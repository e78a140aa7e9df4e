import t from 'tap'
import type { IssuerConfig } from '../../src/config/config.ts'
import { IssuerKeys } from '../../src/sts/issuer-keys.ts'
import { readDocument } from '../../src/sts/read-document.ts'
import { Issuer, type IssuerKey, makeIssuerKey } from '../support/issuer.ts'

const ISSUER = 'https://oidc.example/id'
const MINUTE_MS = 60_000

/** The keys of an issuer that serves what the test says, at the test's time. */
function sceneOf(jwks: IssuerConfig['jwks'], first: readonly IssuerKey[]) {
  const state = { keys: first, nowMs: 1_000_000, reads: [] as string[], isDown: false, failures: 0 }
  const keys = new IssuerKeys(
    { name: 'cluster', issuer: ISSUER, audiences: [], jwks },
    {
      nowMs: () => state.nowMs,
      onRead: (_, cause) => {
        if (cause !== undefined) state.failures++
      },
      read: async (url) => {
        state.reads.push(url)
        if (state.isDown) throw new Error('down')
        if (url.endsWith('/openid-configuration')) {
          return JSON.stringify({ issuer: ISSUER, jwks_uri: 'https://keys.example/set' })
        }
        return JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) })
      },
    },
  )
  const find = async (keyId: string | undefined): Promise<string> => {
    const found = await keys.find(keyId)
    return found.ok ? (found.value.keyId ?? '') : found.error.reason
  }
  return { state, find }
}

const URI = {
  kind: 'uri',
  uri: 'https://keys.example/set',
  ca: undefined,
  tokenFile: undefined,
} as const

t.test('keys are read once for many tokens, and where discovery says', async (t) => {
  const { state, find } = sceneOf({ kind: 'discovery', ca: undefined }, [await makeIssuerKey()])
  t.strictSame(await Promise.all([find('key-1'), find('key-1'), find(undefined)]), [
    'key-1',
    'key-1',
    'key-1',
  ])
  t.strictSame(state.reads, [
    `${ISSUER}/.well-known/openid-configuration`,
    'https://keys.example/set',
  ])
})

t.test('an unknown key makes them be read again, at most twice in ten seconds', async (t) => {
  const [one, two] = [await makeIssuerKey('ES256', 'a'), await makeIssuerKey('ES256', 'b')]
  const { state, find } = sceneOf(URI, [one])
  t.equal(await find('a'), 'a')
  state.nowMs += 1
  state.keys = [one, two]
  t.equal(await find('b'), 'b', 'the new key')
  t.equal(await find('a'), 'a', 'and the old one')
  state.nowMs += 1
  for (let i = 0; i < 50; i++) t.equal(await find(`x${i}`), 'keys-unavailable')
  t.equal(state.reads.length, 2)
  state.nowMs += 9_998
  t.equal(await find('x'), 'token-key-unknown')
  t.equal(state.reads.length, 3)
})

t.test('a key that is not served any more is not taken after five minutes', async (t) => {
  const [one, two] = [await makeIssuerKey('ES256', 'a'), await makeIssuerKey('ES256', 'b')]
  const { state, find } = sceneOf(URI, [one, two])
  t.equal(await find('a'), 'a')
  state.keys = [two]
  state.nowMs += 5 * MINUTE_MS
  t.equal(await find('a'), 'a')
  state.nowMs += 1
  t.equal(await find('a'), 'token-key-unknown')
  t.equal(await find('b'), 'b')
})

t.test('if they cannot be read, those of the last hour are used', async (t) => {
  const { state, find } = sceneOf(URI, [await makeIssuerKey()])
  t.equal(await find('key-1'), 'key-1')
  state.isDown = true
  state.nowMs += 60 * MINUTE_MS
  t.equal(await find('key-1'), 'key-1')
  state.nowMs += 1
  t.equal(await find('key-1'), 'keys-unavailable')
  state.nowMs += 10_000
  t.equal(await find('key-1'), 'keys-unavailable')
  t.equal(state.failures, 3)
  state.isDown = false
  state.nowMs += 10_000
  t.equal(await find('key-1'), 'key-1')
})

t.test('the keys of a file are parsed once', async (t) => {
  const text = JSON.stringify({ keys: [(await makeIssuerKey()).jwk] })
  const { state, find } = sceneOf({ kind: 'file', text }, [])
  t.equal(await find('key-1'), 'key-1')
  t.equal(await find('x'), 'token-key-unknown')
  state.nowMs += 120 * MINUTE_MS
  t.equal(await find('key-1'), 'key-1')
  t.strictSame(state.reads, [])
})

t.test(
  'a discovery document about another issuer, or that leads to plain HTTP, is refused',
  async (t) => {
    for (const document of [
      { issuer: `${ISSUER}/`, jwks_uri: 'https://keys.example/set' },
      { jwks_uri: 'https://keys.example/set' },
      { issuer: ISSUER },
      { issuer: ISSUER, jwks_uri: 'http://keys.example/set' },
      { issuer: ISSUER, jwks_uri: 'file:///etc/passwd' },
      { issuer: ISSUER, jwks_uri: '/keys' },
      { issuer: ISSUER, jwks_uri: ['https://keys.example/set'] },
      [],
    ]) {
      const reads: string[] = []
      const read = async (url: string): Promise<string> => {
        reads.push(url)
        return JSON.stringify(document)
      }
      const config = {
        name: 'c',
        issuer: ISSUER,
        audiences: [],
        jwks: { kind: 'discovery', ca: undefined },
      } as const
      const keys = new IssuerKeys(config, { read, nowMs: () => 0, onRead: () => undefined })
      t.match(await keys.find('key-1'), { error: { reason: 'keys-unavailable' } })
      t.equal(reads.length, 1, JSON.stringify(document))
    }
  },
)

t.test('a document is read within limits, and from nowhere else', async (t) => {
  const issuer = await Issuer.open()
  t.teardown(() => issuer.close())
  const read = () => readDocument(`${issuer.url}/keys`, { ca: undefined })
  t.match(await read(), /"kid":"key-1"/)
  issuer.answer = { status: 200, text: 'x'.repeat(262_144) }
  t.equal((await read()).length, 262_144)
  issuer.answer = { status: 200, text: 'x'.repeat(262_145) }
  await t.rejects(read(), { message: 'the document is too long' })
  for (const status of [204, 301, 302, 307, 404, 500]) {
    issuer.answer = { status, location: `${issuer.url}/.well-known/openid-configuration` }
    await t.rejects(read(), { message: `the issuer answered ${status}` })
  }
})
