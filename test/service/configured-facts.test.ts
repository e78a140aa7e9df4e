import t from 'tap'
import { configuredFacts } from '../../src/service/configured-facts.ts'
import { makeCertificate } from '../support/certificates.ts'
import { KEY_ARN, loaded, SOUND } from '../support/load-config.ts'

const NO_FILES: ReadonlyMap<string, string> = new Map()

t.test('buckets without a star are named, wherever they stand', async (t) => {
  const config = await loaded({
    ...SOUND,
    upstream: { ...SOUND.upstream, buckets: { 'billing-eu': { region: 'eu-west-1' } } },
    clients: [{ ...SOUND.clients[0], buckets: ['billing-*', 'reports'] }],
    policy: {
      mode: 'observe',
      rules: [
        { name: 'logs', match: { buckets: ['logs', 'logs-*'] }, exempt: 'a log writer' },
        { name: 'all', encrypt: { keyId: KEY_ARN } },
      ],
    },
    limits: { concurrentRequests: 400, concurrentRequestsPerClient: 100 },
  })
  const facts = configuredFacts(config, 'f00d', NO_FILES)
  t.strictSame([...facts.buckets].sort(), ['billing-eu', 'logs', 'reports'])
  t.match(facts, { mode: 'observe', hash: 'f00d', inflightMax: 400, certificates: [] })
})

t.test('of a chain the certificate counts that expires first', async (t) => {
  const { cert: certificate, key } = makeCertificate()
  const { cert: authority } = makeCertificate({ notAfter: '20991231235959Z' })
  const files = { '/tls.crt': `${certificate}${authority}`, '/tls.key': key }
  const tls = { certFile: '/tls.crt', keyFile: '/tls.key' }
  const listen = [{ address: '127.0.0.1:8443', tls }]
  const config = await loaded({ ...SOUND, listen }, { files })
  const { certificates } = configuredFacts(config, '', new Map(Object.entries(files)))
  t.strictSame(certificates, [
    {
      use: 'listener',
      file: '/tls.crt',
      expiresAtSeconds: Date.UTC(2099, 11, 31, 23, 59, 59) / 1000,
    },
  ])
})
