import t from 'tap'
import type { Config } from '../../src/config/config.ts'
import { takeSnapshot } from '../../src/service/config-snapshot.ts'
import { fixedSettingProblems } from '../../src/service/fixed-settings.ts'
import { makeCertificate } from '../support/certificates.ts'
import { KEY } from '../support/rig.ts'

const { cert: certificate, key } = makeCertificate()

interface Parts {
  readonly listen?: string
  readonly admin?: string
  readonly endpoint?: string
  readonly region?: string
  readonly more?: string
}

async function load({ listen, admin, endpoint, region, more }: Parts): Promise<Config> {
  const yaml = `version: 1
listen: [${listen ?? "{ address: '127.0.0.1:8080' }"}]
admin: { address: '${admin ?? '127.0.0.1:9090'}' }
upstream: { endpoint: '${endpoint ?? 'sandbox:'}', region: ${region ?? 'us-east-1'} }
clients: [{ name: app, anonymous: true, buckets: ['*'] }]
policy: { rules: [{ name: all, match: { buckets: ['*'] }, encrypt: { keyId: '${KEY}' } }] }
${more ?? ''}`
  const files: Readonly<Record<string, string>> = { 'c.yaml': yaml, cert: certificate, key }
  const taken = await takeSnapshot({
    path: 'c.yaml',
    readFile: async (path) => files[path] ?? files[path.split('/').at(-1) ?? ''] ?? '',
    env: {},
  })
  if (!taken.ok) throw new Error(JSON.stringify(taken.error))
  return taken.value.config
}

const TLS = "{ address: '127.0.0.1:8080', tls: { certFile: cert, keyFile: key } }"
const MTLS =
  "{ address: '127.0.0.1:8080', tls: { certFile: cert, keyFile: key, clientCaFile: cert } }"

const CASES: readonly (readonly [string, Parts, Parts, readonly string[]])[] = [
  ['nothing', {}, {}, []],
  ['the port', {}, { listen: "{ address: '127.0.0.1:8081' }" }, ['listen[0].address']],
  [
    'the number of listeners',
    {},
    { listen: "{ address: '127.0.0.1:8080' }, { address: '127.0.0.1:8081' }" },
    ['listen'],
  ],
  ['TLS', {}, { listen: TLS }, ['listen[0].tls']],
  ['client certificates', { listen: TLS }, { listen: MTLS }, ['listen[0].tls.clientCaFile']],
  ['admin', {}, { admin: '127.0.0.1:9091' }, ['admin.address']],
  ['what readiness counts', {}, { admin: "127.0.0.1:9090', readiness: 'upstream" }, []],
  ['workers', {}, { more: 'workers: 2' }, ['workers']],
  ['the audit', {}, { more: 'audit: { destination: ./x }' }, ['audit.destination']],
  ['the evidence', {}, { more: 'audit: { evidence: { origin: a } }' }, ['audit.evidence']],
  ['labels', {}, { more: 'metrics: { bucketLabel: true }' }, ['metrics']],
  ['the size of heads', {}, { more: 'limits: { headerBytes: 8192 }' }, ['limits.headerBytes']],
  ['from the embedded S3', {}, { endpoint: 'http://127.0.0.1:1' }, ['upstream.endpoint']],
  ['the region of the embedded S3', {}, { region: 'eu-west-1' }, ['upstream.region']],
  [
    'the region of another S3',
    { endpoint: 'http://127.0.0.1:1' },
    { endpoint: 'http://127.0.0.1:2', region: 'eu-west-1' },
    [],
  ],
  [
    'host names, limits, drain, log',
    {},
    {
      listen: "{ address: '127.0.0.1:8080', hosts: [other] }",
      more: 'limits: { concurrentRequests: 3, connections: 9 }\ndrain: { delay: 3s }\nlog: { level: debug }',
    },
    [],
  ],
]

for (const [name, before, after, expected] of CASES) {
  t.test(`a reload that changes ${name}`, async (t) => {
    const problems = fixedSettingProblems(await load(before), await load(after))
    t.strictSame(
      problems.map(({ path }) => path),
      expected,
    )
  })
}
