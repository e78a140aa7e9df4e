import { createHmac } from 'node:crypto'
import { exportSPKI, importJWK } from 'jose'
import t from 'tap'
import { readIdentityToken, verifyIdentityToken } from '../../src/sts/identity-token.ts'
import { findKey, parseKeySet } from '../../src/sts/key-set.ts'
import { type IssuerKey, makeIssuerKey, signToken } from '../support/issuer.ts'

const ISSUER = 'https://oidc.example/id'
const NOW_MS = 1_790_000_000_000
const NOW = NOW_MS / 1000
const CLAIMS = {
  iss: ISSUER,
  aud: 'sealgate',
  sub: 'system:serviceaccount:billing:app',
  iat: NOW,
  nbf: NOW,
  exp: NOW + 600,
}

/** What becomes of a token at a gateway that knows these keys: its subject, or the reason. */
async function verified(text: string, keys: readonly IssuerKey[]): Promise<string> {
  const read = readIdentityToken(text)
  if (!read.ok) return read.error.reason
  const set = await parseKeySet(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
  const key = findKey(set ?? [], read.value.keyId)
  if (key === undefined) return 'no key'
  const expected = { issuer: ISSUER, audiences: ['other', 'sealgate'] }
  const token = await verifyIdentityToken(read.value, key, expected, NOW_MS)
  return token.ok ? token.value.subject : token.error.reason
}

function encode(value: string | object): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return Buffer.from(text).toString('base64url')
}

t.test('tokens of every algorithm verify, each with a key of its own', async (t) => {
  for (const algorithm of ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']) {
    const key = await makeIssuerKey(algorithm)
    t.equal(await verified(await signToken(key, CLAIMS), [key]), CLAIMS.sub, algorithm)
  }
})

t.test('claims that are missing, of the wrong type or for others are refused', async (t) => {
  const key = await makeIssuerKey()
  const cases: readonly (readonly [object, string])[] = [
    [{ aud: ['x', 'sealgate'] }, CLAIMS.sub],
    [{ aud: 'x' }, 'token-audience'],
    [{ aud: [] }, 'token-audience'],
    [{ aud: undefined }, 'token-audience'],
    [{ iss: 'https://oidc.example/id/' }, 'token-claims'],
    [{ iss: undefined }, 'token-claims'],
    [{ sub: undefined }, 'token-claims'],
    [{ sub: '' }, 'token-claims'],
    [{ sub: 'system:serviceaccount:bi\u2113ling:app' }, 'token-claims'],
    [{ sub: 'system:serviceaccount:billing:\u0430pp' }, 'token-claims'],
    [{ sub: 'a\nb' }, 'token-claims'],
    [{ sub: 'a'.repeat(1025) }, 'token-claims'],
    [{ sub: 'a'.repeat(1024) }, 'a'.repeat(1024)],
    [{ exp: undefined }, 'token-claims'],
    [{ exp: NOW - 30 }, 'token-expired'],
    [{ exp: NOW - 29 }, CLAIMS.sub],
    [{ nbf: NOW + 31 }, 'token-not-yet-valid'],
    [{ nbf: NOW + 30 }, CLAIMS.sub],
  ]
  for (const [claims, expected] of cases) {
    t.equal(await verified(await signToken(key, { ...CLAIMS, ...claims }), [key]), expected)
  }
})

t.test('claims of another JSON type are refused', async (t) => {
  const key = await makeIssuerKey()
  const signed = async (claims: object): Promise<string> => {
    const head = encode({ alg: 'ES256', kid: 'key-1' })
    const input = `${head}.${encode({ ...CLAIMS, ...claims })}`
    const signature = await crypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' },
      key.privateKey,
      Buffer.from(input),
    )
    return `${input}.${Buffer.from(signature).toString('base64url')}`
  }
  t.equal(await verified(await signed({}), [key]), CLAIMS.sub)
  for (const claims of [
    { sub: 7 },
    { sub: ['a'] },
    { exp: String(NOW + 600) },
    { nbf: {} },
    { iss: [ISSUER] },
    { aud: 7 },
    { aud: { sealgate: true } },
  ]) {
    const reason = await verified(await signed(claims), [key])
    t.match(reason, /^token-(?:claims|audience)$/, JSON.stringify(claims))
  }
})

t.test('the algorithm is the key’s, never the token’s', async (t) => {
  const key = await makeIssuerKey('RS256')
  const publicKey = await importJWK(key.jwk, 'RS256')
  if (publicKey instanceof Uint8Array) throw new Error('no public key')
  const pem = await exportSPKI(publicKey)
  const forged = (head: object, secret: string): string => {
    const input = `${encode(head)}.${encode(CLAIMS)}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  t.equal(await verified(forged({ alg: 'HS256', kid: 'key-1' }, pem), [key]), 'token-algorithm')
  t.equal(await verified(forged({ alg: 'none', kid: 'key-1' }, pem), [key]), 'token-algorithm')
  t.equal(await verified(forged({ alg: 'RS256', kid: 'key-1' }, pem), [key]), 'token-signature')
  const unsigned = `${encode({ alg: 'none' })}.${encode(CLAIMS)}.`
  t.equal(await verified(unsigned, [key]), 'token-malformed')
  for (const alg of ['None', 'NONE', 'hs256', 'RS1', 'ES256K', '', 'RS256 ']) {
    t.equal(await verified(forged({ alg, kid: 'key-1' }, pem), [key]), 'token-algorithm', alg)
  }
  // The same RSA key, another scheme that the token names.
  const pss = await signToken({ ...(await makeIssuerKey('PS256')) }, CLAIMS)
  t.equal(await verified(pss, [key]), 'token-algorithm')
})

t.test('a key that the token carries or points to is not taken', async (t) => {
  const [key, attacker] = [await makeIssuerKey(), await makeIssuerKey()]
  const evil = 'https://attacker.example/keys'
  for (const header of [{ jwk: attacker.jwk }, { jku: evil }, { x5u: evil }, { x5c: ['MII='] }]) {
    const name = Object.keys(header).join()
    t.equal(
      await verified(await signToken(attacker, CLAIMS, header), [key]),
      'token-signature',
      name,
    )
    t.equal(await verified(await signToken(key, CLAIMS, header), [key]), CLAIMS.sub, name)
  }
  t.equal(await verified(await signToken(key, CLAIMS, { kid: 'key-2' }), [key]), 'no key')
  t.equal(await verified(await signToken(key, CLAIMS, { kid: undefined }), [key]), CLAIMS.sub)
  const two = [key, { ...attacker, jwk: { ...attacker.jwk, kid: 'key-2' } }]
  t.equal(await verified(await signToken(key, CLAIMS, { kid: undefined }), two), 'no key')
})

t.test('what parsers read in more than one way is refused before it is verified', async (t) => {
  const key = await makeIssuerKey()
  const good = await signToken(key, CLAIMS)
  const [head = '', payload = '', signature = ''] = good.split('.')
  const json = JSON.stringify(CLAIMS)
  const bodies = [
    `{"sub":"root",${json.slice(1)}`,
    `{"\\u0073ub":"root",${json.slice(1)}`,
    `${json.slice(0, -1)},"x":{"a":1,"a":2}}`,
    `\ufeff${json}`,
    `[${json}]`,
    'null',
    '7',
    `${json}{}`,
    `${json.slice(0, -1)},"__proto__":{"a":1,"a":2}}`,
  ]
  for (const body of bodies) {
    t.equal(await verified(`${head}.${encode(body)}.${signature}`, [key]), 'token-malformed', body)
  }
  const twice = encode('{"alg":"none","alg":"ES256","kid":"key-1"}')
  t.equal(await verified(`${twice}.${payload}.${signature}`, [key]), 'token-malformed')
  const critical = encode({ alg: 'ES256', kid: 'key-1', crit: ['b64'], b64: false })
  t.equal(await verified(`${critical}.${payload}.${signature}`, [key]), 'token-malformed')
  const bad = Buffer.from('{"iss":"\xff"}', 'latin1').toString('base64url')
  t.equal(await verified(`${head}.${bad}.${signature}`, [key]), 'token-malformed')
  const texts = [
    '',
    '.',
    '..',
    good.slice(1),
    `${good}.`,
    `${good}.x.y`,
    ` ${good}`,
    `${good}\n`,
    good.replace('.', '..'),
    `${head}.${payload}`,
    `${head}=.${payload}.${signature}`,
    'a'.repeat(20_001),
  ]
  for (const text of texts) {
    const reason = await verified(text, [key])
    t.match(reason, /^token-malformed$/, text.slice(0, 20))
  }
  t.equal(await verified(good, [key]), CLAIMS.sub)
})

t.test('a token that is large, nested or altered is refused', async (t) => {
  const key = await makeIssuerKey()
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
  const nested = encode(`${JSON.stringify(CLAIMS).slice(0, -1)},"x":${deep}}`)
  const [head = '', payload = '', signature = ''] = (await signToken(key, CLAIMS)).split('.')
  t.equal(await verified(`${head}.${nested}.${signature}`, [key]), 'token-signature')
  const altered = encode({ ...CLAIMS, sub: 'root' })
  t.equal(await verified(`${head}.${altered}.${signature}`, [key]), 'token-signature')
  const huge = await signToken(key, { ...CLAIMS, x: 'a'.repeat(20_000) })
  t.equal(await verified(huge, [key]), 'token-malformed')
  t.equal(await verified(`${head}.${payload}.${signature.slice(0, -4)}`, [key]), 'token-signature')
})
