import t from 'tap'
import { configHash } from '../../src/config/config-hash.ts'
import { loaded, problems, SOUND } from '../support/load-config.ts'

const SEAL = Buffer.alloc(32, 7).toString('base64')
const OTHER_SEAL = Buffer.alloc(32, 8).toString('base64')
const ISSUER = { name: 'cluster', issuer: 'https://oidc.example/id', audiences: ['sealgate'] }
const KEY_SET = '{"keys":[{"kty":"EC"}]}'
const STS = { issuers: [ISSUER], sealingKeys: [SEAL] }
const CLIENT = {
  name: 'app',
  webIdentity: { issuer: 'cluster', subjects: ['system:serviceaccount:app:*'] },
  buckets: ['*'],
}
const LISTEN = [...SOUND.listen, { kind: 'sts', address: '127.0.0.1:8081' }]
const FILE = { ...SOUND, listen: LISTEN, sts: STS, clients: [CLIENT] }

t.test('the section has an hour as its duration, and discovery', async (t) => {
  const { sts, clients, listen, warnings } = await loaded(FILE)
  t.match(sts, { durationSeconds: 3600, issuers: [{ ...ISSUER, jwks: { kind: 'discovery' } }] })
  t.strictSame(sts?.sealingKeys, [Buffer.alloc(32, 7)])
  t.match(clients[0]?.identity, { kind: 'web-identity', issuer: 'cluster' })
  t.match(listen[1], { kind: 'sts', hosts: [] })
  t.strictSame(warnings, [])
})

t.test('key sets come from a file or an address; their files are watched', async (t) => {
  const files = { '/etc/sealgate/keys.json': KEY_SET, '/etc/sealgate/seal': `${SEAL}\n` }
  const issuers = [{ ...ISSUER, jwks: { file: 'keys.json' } }]
  const { sts } = await loaded(
    { ...FILE, sts: { issuers, sealingKeys: [{ file: 'seal' }] } },
    { files },
  )
  t.strictSame(sts?.issuers[0]?.jwks, { kind: 'file', text: KEY_SET })
  t.strictSame(sts?.files, ['/etc/sealgate/seal', '/etc/sealgate/keys.json'])
  const jwks = { uri: 'https://k.example/jwks', tokenFile: '/run/token' }
  const remote = await loaded({ ...FILE, sts: { ...STS, issuers: [{ ...ISSUER, jwks }] } })
  t.match(remote.sts?.issuers[0]?.jwks, { kind: 'uri', uri: jwks.uri, tokenFile: '/run/token' })
})

t.test('what does not fit is a problem with its path', async (t) => {
  const issuer = (more: object) => ({ ...FILE, sts: { ...STS, issuers: [{ ...ISSUER, ...more }] } })
  const keys = (...sealingKeys: string[]) => ({ ...FILE, sts: { ...STS, sealingKeys } })
  const client = (more: object) => ({ ...FILE, clients: [{ ...CLIENT, ...more }] })
  const files = { '/etc/sealgate/bad.json': '{"keys":[]}' }
  const cases: readonly (readonly [object, RegExp])[] = [
    [keys('c2hvcnQtc2hvcnQ='), /^sts\.sealingKeys\[0\]: must be 32 bytes in base64/],
    [keys(SEAL.replace('=', '')), /^sts\.sealingKeys\[0\]: must be 32 bytes/],
    [keys(SEAL, SEAL), /^sts\.sealingKeys\[1\]: another sealing key is the same/],
    [keys(), /^sts\.sealingKeys: must have at least one key/],
    [{ ...FILE, sts: { ...STS, duration: '14m' } }, /^sts\.duration: must be from 15m to 12h/],
    [{ ...FILE, sts: { ...STS, duration: '13h' } }, /^sts\.duration: must be from 15m to 12h/],
    [issuer({ issuer: 'http://oidc.example' }), /^sts\.issuers\[0\]\.issuer: must be https/],
    [issuer({ issuer: 'kubernetes' }), /^sts\.issuers\[0\]\.issuer: must be https/],
    [issuer({ audiences: [] }), /^sts\.issuers\[0\]\.audiences: must name at least one/],
    [issuer({ jwks: { uri: 'http://k.example' } }), /^sts\.issuers\[0\]\.jwks\.uri: must be https/],
    [issuer({ jwks: { uri: 'https://u:p@k.example' } }), /jwks\.uri: a user or password/],
    [issuer({ jwks: { file: 'bad.json' } }), /jwks\.file: is no JSON Web Key Set/],
    [issuer({ jwks: { file: 'none.json' } }), /jwks\.file: cannot read/],
    [issuer({ jwks: { tokenFile: 'token' } }), /jwks\.tokenFile: is only sent to a configured uri/],
    [issuer({ jwks: { caFile: 'bad.json' } }), /jwks\.caFile: has no PEM certificate/],
    [{ ...FILE, sts: { ...STS, issuers: [ISSUER, ISSUER] } }, /^sts\.issuers\[1\]\.name: another/],
    [{ ...FILE, sts: undefined }, /^listen\[1\]\.kind: the section sts is missing/],
    [
      client({ webIdentity: { issuer: 'x', subjects: ['a'] } }),
      /webIdentity\.issuer: no issuer has this name; valid: cluster/,
    ],
    [
      client({ accessKeyId: 'SGAPP00000', secretAccessKey: 'a-secret-of-some-length' }),
      /^clients\[0\]: has more than one identity/,
    ],
    [
      client({ secretAccessKey: 'a-secret-of-some-length' }),
      /^clients\[0\]\.secretAccessKey: is only valid/,
    ],
    [
      client({ webIdentity: { issuer: 'cluster', subjects: ['bi\u0142ling'] } }),
      /subjects\[0\]: must be ASCII/,
    ],
    [
      { ...FILE, listen: [LISTEN[0], { ...LISTEN[1], hosts: ['a'] }] },
      /^listen\[1\]\.hosts: is not used/,
    ],
  ]
  for (const [file, problem] of cases) t.match((await problems(file, { files }))[0], problem)
})

t.test('what is unwise is a warning', async (t) => {
  const { warnings } = await loaded({
    ...FILE,
    listen: [SOUND.listen[0], { kind: 'sts', address: ':8081' }],
    clients: [{ ...CLIENT, webIdentity: { issuer: 'cluster', subjects: ['*:app'] } }],
  })
  t.match(warnings, [
    { path: 'listen[1]', message: /others on the network can read tokens and keys/ },
    { path: 'clients[0].webIdentity.subjects[0]', message: /whoever it belongs to/ },
  ])
  const unused = await loaded({ ...FILE, listen: SOUND.listen, clients: SOUND.clients })
  t.strictSame(
    unused.warnings.map(({ path }) => path),
    ['sts', 'sts.issuers'],
  )
})

t.test('sealing keys are not in the hash of the configuration', async (t) => {
  const other = { ...FILE, sts: { ...STS, sealingKeys: [OTHER_SEAL, SEAL] } }
  t.equal(configHash(await loaded(FILE)), configHash(await loaded(other)))
})
