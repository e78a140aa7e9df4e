import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { formatConfigError } from '../../src/config/problems.ts'
import { makeCertificate } from '../support/certificates.ts'
import { KEY_ARN, load, loaded, problems, SOUND } from '../support/load-config.ts'

t.test('a small file is completed with the defaults', async (t) => {
  const config = await loaded(SOUND)
  t.match(config, {
    admin: undefined,
    limits: {
      headerBytes: 16_384,
      bodyIdleMs: 60_000,
      headIdleMs: 75_000,
      concurrentRequests: 2000,
      concurrentRequestsPerClient: 2000,
      connections: 10_000,
    },
    audit: { destination: 'stdout' },
    log: { level: 'info' },
    metrics: { bucketLabel: false, clientLabel: false },
    reload: { watch: false },
    drain: { delayMs: 0, deadlineMs: 30_000 },
    workers: 1,
    warnings: [],
  })
})

t.test('what is given is taken', async (t) => {
  const config = await loaded({
    ...SOUND,
    admin: { address: '[::1]:9090' },
    limits: { bodyIdle: '5s', concurrentRequests: 10, concurrentRequestsPerClient: 3 },
    audit: { destination: { file: 'audit.jsonl' } },
    log: { level: 'debug' },
    metrics: { clientLabel: true },
    reload: { watch: true },
    drain: { delay: '1s', deadline: '2m' },
    workers: 'auto',
  })
  t.match(config, {
    admin: { host: '::1', port: 9090, readiness: 'process' },
    limits: { bodyIdleMs: 5000, concurrentRequests: 10, concurrentRequestsPerClient: 3 },
    audit: { destination: { file: '/etc/sealgate/audit.jsonl' } },
    log: { level: 'debug' },
    metrics: { bucketLabel: false, clientLabel: true },
    reload: { watch: true },
    drain: { delayMs: 1000, deadlineMs: 120_000 },
    workers: 6,
  })
  const audit = { destination: '/var/log/audit.jsonl' }
  t.strictSame((await loaded({ ...SOUND, audit })).audit.destination, {
    file: '/var/log/audit.jsonl',
  })
})

t.test(
  'an audit destination that is neither stdout nor a path is told what would be',
  async (t) => {
    for (const destination of ['audit.log', 'stderr', '', 5, [], null]) {
      t.match(await problems({ ...SOUND, audit: { destination } }), [
        /audit\.destination: must be stdout, a path that begins with \/ or \.\/, or { file: PATH }$/,
      ])
    }
  },
)

t.test('one run tells every problem, with path, line, column and remedy', async (t) => {
  const text = `version: 2
lisen: []
listen:
  - address: 0.0.0.0:8080
    hosts: ['*.example']
upstream:
  region: eu-central-1
  headersTimeout: 60
clients:
  - { name: a, anonymous: true, buckets: ['*'] }
  - { name: a, accessKeyId: SGA, secretAccessKey: { file: no }, buckets: ['a/b'] }
policy:
  mode: enforced
  rules:
    - name: r
      encrypt: { keyId: alias/x, bucketkey: true }
  allowOperations: [PutObject]
limits: { bodyIdle: 0s }
workers: 0
`
  const result = await loadConfig({
    path: 'sealgate.yaml',
    env: {},
    readFile: async (path) => {
      if (path === 'sealgate.yaml') return text
      throw Object.assign(new Error('no'), { code: 'EACCES' })
    },
  })
  t.equal(result.ok, false)
  const folder = process.cwd()
  const expected = `13 problems in sealgate.yaml
sealgate.yaml:1:1: version: must be 1
sealgate.yaml:2:1: lisen: unknown key; did you mean listen?
sealgate.yaml:5:13: listen[0].hosts[0]: wildcards are not allowed: every subdomain of a host is already virtual-hosted style
sealgate.yaml:8:3: upstream.headersTimeout: write a number and a unit: 500ms, 60s, 5m, 1h
sealgate.yaml:10:16: clients[0].anonymous: anyone could use it: every listener must be on loopback, or the client needs an accessKeyId
sealgate.yaml:11:34: clients[1].secretAccessKey: cannot read ${folder}/no: no permission to read it
sealgate.yaml:11:75: clients[1].buckets[0]: a bucket name has no slash; put keys into match.keys
sealgate.yaml:13:3: policy.mode: must be one of: enforce, observe; did you mean enforce?
sealgate.yaml:16:18: policy.rules[0].encrypt.keyId: an alias can point to another key later, and S3 never confirms a key by its alias: write arn:aws:kms:REGION:ACCOUNT:key/KEY-ID
sealgate.yaml:16:34: policy.rules[0].encrypt.bucketkey: unknown key; did you mean bucketKey?
sealgate.yaml:17:21: policy.allowOperations[0]: is not closed; remove it
sealgate.yaml:18:11: limits.bodyIdle: must be from 1s to 1h
sealgate.yaml:19:1: workers: must be 1 or more
`
  t.equal(result.ok ? '' : formatConfigError(result.error), expected)
})

t.test('a warning has its place and lets the file load', async (t) => {
  const { upstream, clients, policy } = SOUND
  const text = `version: 1
listen:
  - { address: '0.0.0.0:1', hosts: [a] }
${Object.entries({ upstream, clients, policy })
  .map(([name, section]) => `${name}: ${JSON.stringify(section)}`)
  .join('\n')}`
  const { warnings } = await loaded(text)
  t.match(warnings, [{ path: 'listen[0]', line: 3, column: 5, message: /plain HTTP/ }])
})

t.test('a file that cannot be read is one problem', async (t) => {
  const result = await loadConfig({
    path: '/no.yaml',
    env: {},
    readFile: async () => {
      throw Object.assign(new Error('x'), { code: 'ENOENT' })
    },
  })
  t.strictSame(result, {
    ok: false,
    error: {
      file: '/no.yaml',
      problems: [{ path: '', message: 'cannot read the file: no such file' }],
    },
  })
})

t.test('an empty file, a list and a text are told to be no mapping', async (t) => {
  t.match(await problems(''), [/^: is empty: a mapping/])
  t.match(await problems('[]'), [/^: must be a mapping/])
  t.match(await problems('text'), [/^: must be a mapping/])
})

t.test('required sections are told as missing', async (t) => {
  t.match((await problems('version: 1')).toSorted(), [
    /^clients: is missing: a list is required/,
    /^listen: is missing/,
    /^policy: is missing/,
    /^upstream: is missing/,
  ])
})

t.test('a secret never shows, whatever is wrong around it', async (t) => {
  const secret = 'hunter2-hunter2-hunter2'
  const client = { name: 'a', accessKeyId: 'SGA', secretAccessKey: secret, buckets: ['b'] }
  const files = [
    { ...SOUND, clients: [{ ...client, accessKeyId: secret.repeat(9) }] },
    { ...SOUND, clients: [{ ...client, secretAccessKey: { file: 'x', value: secret } }] },
    { ...SOUND, clients: [{ ...client, secretAccessKey: `${secret} ` }] },
    { ...SOUND, clients: [{ ...client, secretAccessKey: [secret] }] },
    { ...SOUND, clients: [{ ...client, secretAccessKeys: secret }] },
    { ...SOUND, clients: secret },
    { ...SOUND, upstream: { region: 'eu-central-1', credentials: { source: secret } } },
    { ...SOUND, upstream: { region: 'eu-central-1', credentials: secret } },
  ]
  for (const file of files) {
    const found = await problems(file)
    t.ok(found.length > 0)
    t.notMatch(found.join('\n'), /hunter2/)
  }
})

t.test('a reload of the same file gives an equal configuration', async (t) => {
  t.strictSame(await loaded(SOUND), await loaded(SOUND))
})

t.test('no file makes the loader throw', async () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.constant([]),
    fc.constant({}),
  )
  const sections = Object.keys(SOUND)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...sections),
      fc.object({ maxDepth: 3 }),
      leaf,
      async (name, object, value) => {
        for (const section of [object, [object], value, { rules: [object], credentials: object }]) {
          await load({ ...SOUND, [name]: section })
        }
      },
    ),
    { numRuns: 150, seed: 1 },
  )
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 60 }), async (text) => void (await load(text))),
    {
      numRuns: 300,
      seed: 2,
    },
  )
})

t.test('the example files load, without a warning where they are for production', async (t) => {
  const pair = makeCertificate()
  const files: Readonly<Record<string, string>> = {
    '/etc/sealgate/tls/tls.crt': pair.cert,
    '/etc/sealgate/tls/tls.key': pair.key,
    '/etc/sealgate/ca/tls.crt': pair.cert,
    '/etc/sealgate/ca/tls.key': pair.key,
    '/run/secrets/sealgate/billing': 'secret-of-billing-0001\n',
    '/run/secrets/sealgate/log-shipper-old': 'secret-of-log-shipper-1\n',
    '/run/secrets/sealgate/log-shipper-new': 'secret-of-log-shipper-2\n',
    '/run/secrets/sealgate/legacy': 'secret-of-legacy-000001\n',
  }
  for (const [name, kind, warnings] of [
    ['sandbox', 'sandbox', 0],
    ['sidecar', 'url', 0],
    ['gateway', 'url', 0],
    ['egress', 'url', 1],
  ] as const) {
    const result = await loadConfig({
      path: `config/${name}.yaml`,
      env: { PARTNER_EXTERNAL_ID: 'partner-42' },
      readFile: async (path) => files[path] ?? readFileSync(path, 'utf8'),
    })
    t.equal(result.ok ? 'loads' : formatConfigError(result.error), 'loads', name)
    if (!result.ok) continue
    t.equal(result.value.upstream.endpoint.kind, kind, name)
    t.equal(result.value.warnings.length, warnings, name)
    t.equal(result.value.policy.mode, 'enforce', name)
  }
})

t.test('the sandbox file is what `npm start` and the documentation speak of', async (t) => {
  const config = await loaded(readFileSync('config/sandbox.yaml', 'utf8'))
  t.match(config, {
    listen: [{ address: { host: '127.0.0.1', port: 8080 }, hosts: ['localhost', '127.0.0.1'] }],
    admin: { host: '127.0.0.1', port: 9090, readiness: 'process' },
    upstream: { endpoint: { kind: 'sandbox' }, region: 'us-east-1', addressing: 'path' },
    clients: [{ name: 'demo', identity: { kind: 'keys', accessKeyId: 'SGDEMO00000000000001' } }],
    policy: {
      rules: [
        { effect: { algorithm: 'aws:kms', keyId: KEY_ARN.replace('eu-central-1', 'us-east-1') } },
      ],
    },
  })
})
