import t from 'tap'
import { buildEgress } from '../../src/config/build-egress.ts'
import { makeCertificate } from '../support/certificates.ts'
import { loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof buildEgress, 'function')

function egress(settings: object | undefined) {
  const listener = { kind: 'egress', address: '127.0.0.1:3128' }
  return {
    ...SOUND,
    listen: [settings === undefined ? listener : { ...listener, egress: settings }],
  }
}

t.test('interception is on, so an authority is asked for', async (t) => {
  for (const settings of [undefined, {}, { intercept: true }]) {
    t.match(await problems(egress(settings)), [/^listen\[0\].*: ca is missing/])
  }
  const { listen } = await loaded(egress({ intercept: false }))
  t.strictSame(listen[0]?.egress, {
    ca: undefined,
    intercept: false,
    allowHosts: [],
    allowAddresses: [],
    verifySignatures: true,
  })
  t.strictSame(listen[0]?.hosts, [])
})

t.test('the authority is read and must be a pair', async (t) => {
  const [one, other] = [makeCertificate(), makeCertificate({ keyType: 'RSA' })]
  const file = egress({ ca: { certFile: 'ca.crt', keyFile: 'ca.key' } })
  const files = { '/etc/sealgate/ca.crt': one.cert, '/etc/sealgate/ca.key': one.key }
  t.strictSame((await loaded(file, { files })).listen[0]?.egress?.ca, {
    certFile: '/etc/sealgate/ca.crt',
    keyFile: '/etc/sealgate/ca.key',
  })
  const mixed = { ...files, '/etc/sealgate/ca.key': other.key }
  t.match(await problems(file, { files: mixed }), [/egress\.ca\.keyFile: is not the key/])
})

t.test('the authority must be able to sign', async (t) => {
  const file = egress({ ca: { certFile: 'ca.crt', keyFile: 'ca.key' } })
  for (const [{ cert, key }, problem] of [
    [makeCertificate({ isAuthority: false }), /ca\.certFile: is not a CA certificate/],
    [
      makeCertificate({ keyType: 'Ed25519' }),
      /ca\.certFile: must have an RSA key, or an ECDSA key/,
    ],
  ] as const) {
    const files = { '/etc/sealgate/ca.crt': cert, '/etc/sealgate/ca.key': key }
    t.match(await problems(file, { files }), [problem])
  }
})

t.test('hosts are names with or without star and port', async (t) => {
  const allowHosts = [
    'Repo.Corp.example',
    '*.corp.example',
    'a:8443',
    '*.b:1',
    '[::1]:80',
    '10.0.0.1',
    'rooted.example.',
    '*.rooted.example.:08443',
  ]
  const { listen } = await loaded(egress({ intercept: false, allowHosts }))
  t.strictSame(listen[0]?.egress?.allowHosts, [
    ...['repo.corp.example', '*.corp.example', 'a:8443', '*.b:1', '[::1]:80', '10.0.0.1'],
    ...['rooted.example', '*.rooted.example:8443'],
  ])
  const wrong = ['*', 'a.*', '*a.b', 'https://a', 'a/b', 'a:0', 'a:65536', 'a:b', 'a..b', 'a..']
  const found = await problems(egress({ intercept: false, allowHosts: wrong }))
  t.equal(found.length, wrong.length, found.join('\n'))
})

t.test('addresses are IP addresses or ranges', async (t) => {
  const allowAddresses = ['10.1.2.3', '10.0.0.0/8', '::1', 'fd00::/8', '0.0.0.0/0']
  const { listen } = await loaded(egress({ intercept: false, allowAddresses }))
  t.strictSame(listen[0]?.egress?.allowAddresses, allowAddresses)
  const wrong = [
    '10.1.2',
    '10.0.0.0/33',
    'fd00::/129',
    'localhost',
    '10.0.0.0/',
    '/8',
    '10.0.0.0/-1',
  ]
  const found = await problems(egress({ intercept: false, allowAddresses: wrong }))
  t.equal(found.length, wrong.length, found.join('\n'))
})
