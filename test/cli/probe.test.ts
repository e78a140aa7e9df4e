import { writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { makeCertificate } from '../support/certificates.ts'
import { CLIENT, KEY, OTHER_KEY, REGION, type Rig, startRig, UPSTREAM } from '../support/rig.ts'
import { type CommandOutcome, run } from './fake-terminal.ts'

/** What the probe's own file says; the running proxy has the rig's configuration. */
interface ProbeFile {
  readonly host?: string
  readonly port: number
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly buckets?: string
  readonly keyId?: string
  readonly policy?: string
  readonly clients?: string
}

function writeConfig(t: Test, file: ProbeFile): string {
  const path = join(t.testdir(), 'sealgate.yaml')
  writeFileSync(
    path,
    `version: 1
listen: [{ address: '${file.host ?? '127.0.0.1'}:${file.port}', hosts: [127.0.0.1, localhost] }]
upstream: { endpoint: 'sandbox:', region: ${REGION} }
clients:
  - name: app
    accessKeyId: ${file.accessKeyId ?? CLIENT.accessKeyId}
    secretAccessKey: ${file.secretAccessKey ?? CLIENT.secretAccessKey}
    buckets: ${file.buckets ?? "['*']"}
${file.clients ?? ''}
policy:
${
  file.policy ??
  `  rules: [{ name: all, encrypt: { algorithm: aws:kms, keyId: '${file.keyId ?? KEY}' } }]`
}
`,
  )
  return path
}

function probe(t: Test, file: ProbeFile, ...more: readonly string[]): Promise<CommandOutcome> {
  return run(['probe', '--config', writeConfig(t, file), '--bucket', 'bucket', ...more])
}

/** `ok` or `FAILED` and the check's name, line by line. */
function verdicts({ stdout }: CommandOutcome): readonly string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/: .*/, '').replace(/\s+/g, ' '))
}

const ALL_GOOD = [
  'ok write',
  'ok head',
  'ok read',
  'ok read with an encryption header',
  'ok bad signature',
  'ok delete',
]

async function rigOf(t: Test, ...args: Parameters<typeof startRig>): Promise<Rig> {
  const rig = await startRig(...args)
  t.teardown(() => rig.close())
  return rig
}

t.test('all is well: every check is ok, nothing is left, exit 0', async (t) => {
  const rig = await rigOf(t)
  const outcome = await probe(t, rig)
  t.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
  t.equal(outcome.stderr, '')
  t.strictSame(verdicts(outcome), ALL_GOOD)
  t.match(outcome.stdout, `ok      head: aws:kms under ${KEY} (rule all)\n`)
  t.match(outcome.stdout, 'refused: 400 BadRequest (encryption-headers-on-read)')
  t.match(outcome.stdout, 'refused: 403 SignatureDoesNotMatch (signature-mismatch)')
  t.strictSame(rig.sandbox.list('bucket'), [])
  t.match(rig.received[0]?.rawTarget, /^\/bucket\/\.sealgate-probe\/[0-9a-f]{16}$/)
  t.notMatch(outcome.stdout, CLIENT.secretAccessKey)
})

t.test('--endpoint, --client and --prefix are heeded', async (t) => {
  const rig = await rigOf(t)
  const args = ['--client', 'app', '--endpoint', rig.url, '--prefix', 'checks of ü/']
  const outcome = await probe(t, { port: 0 }, ...args)
  t.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
  t.match(rig.received[0]?.rawTarget, /^\/bucket\/checks%20of%20%C3%BC\/[0-9a-f]{16}$/)
})

t.test('a listener on every address is asked on loopback, with IPv6 or without', async (t) => {
  const rig = await rigOf(t)
  for (const host of ['', '0.0.0.0', '[::]', '[0::0]']) {
    const outcome = await probe(t, { host, port: rig.port })
    t.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
  }
})

t.test('a client without keys needs no signature, and none is forged', async (t) => {
  const clients = `  - { name: sidecar, anonymous: true, buckets: ['*'] }`
  const rig = await rigOf(t, { clients })
  const outcome = await probe(t, { port: rig.port, clients }, '--client', 'sidecar')
  t.equal(outcome.code, 0, outcome.stdout + outcome.stderr)
  t.strictSame(
    verdicts(outcome),
    ALL_GOOD.filter((line) => line !== 'ok bad signature'),
  )
})

t.test('where the policy strips the header from reads, that is what is checked', async (t) => {
  const policy = `
  rules: [{ name: all, encrypt: { keyId: '${KEY}' } }]
  misplacedEncryptionHeaders: strip`
  const rig = await rigOf(t, { policy })
  const outcome = await probe(t, { port: rig.port, policy })
  t.equal(outcome.code, 0, outcome.stdout)
  t.match(outcome.stdout, 'read with an encryption header: stripped: 200')
  const other = await probe(t, { port: rig.port })
  t.equal(other.code, 1)
  t.match(other.stdout, /FAILED {2}read with an encryption header: 200 instead of 400: .*SIGHUP/)
  t.strictSame(rig.sandbox.list('bucket'), [], 'deleted all the same')
})

const GUARDED = (guards: string) => `
  rules:
    - name: guarded
      match: { buckets: [bucket] }
      encrypt: { keyId: '${KEY}' }
      guards: ${guards}`

t.test('the probe meets the guards of its rule', async (t) => {
  for (const guards of [
    '{ publicAcl: refuse, checksum: required }',
    '{ checksum: [XXHASH3, CRC64NVME], maxBytes: 10 }',
    '{ checksum: [SHA1], maxBytes: 1 }',
    "{ tags: [team, { key: 'a b', values: ['x&y', z] }], storageClasses: [STANDARD_IA, STANDARD] }",
  ]) {
    const policy = GUARDED(guards)
    const rig = await rigOf(t, { policy })
    const outcome = await probe(t, { port: rig.port, policy })
    t.equal(outcome.code, 0, guards + outcome.stdout + outcome.stderr)
    t.strictSame(verdicts(outcome), ALL_GOOD)
    t.strictSame(rig.sandbox.list('bucket'), [])
  }
})

t.test('a guard that the probe cannot meet is named, and nothing is sent', async (t) => {
  const rig = await rigOf(t)
  for (const [guards, finding] of [
    ['{ objectLock: { mode: GOVERNANCE, days: 30 } }', /FAILED {2}policy: .*30 days.*--prefix/],
    [
      '{ checksum: [XXHASH64] }',
      /FAILED {2}policy: .*a checksum of XXHASH64, which the probe cannot/,
    ],
  ] as const) {
    const outcome = await probe(t, { port: rig.port, policy: GUARDED(guards) })
    t.equal(outcome.code, 1)
    t.match(outcome.stdout, finding)
  }
  t.equal(rig.received.length, 0)
})

t.test('a proxy that is down fails the probe', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => server.close(resolve))
  const outcome = await probe(t, { port })
  t.equal(outcome.code, 1)
  t.strictSame(verdicts(outcome), ['FAILED write'])
  t.match(outcome.stdout, /ECONNREFUSED.*start 'sealgate serve'/)
})

t.test('the running proxy has another key than the file', async (t) => {
  const rig = await rigOf(t)
  const outcome = await probe(t, { port: rig.port, keyId: OTHER_KEY })
  t.equal(outcome.code, 1)
  t.strictSame(verdicts(outcome), [
    'FAILED write',
    'FAILED head',
    'ok read',
    'ok read with an encryption header',
    'ok bad signature',
    'ok delete',
  ])
  t.match(outcome.stdout, `aws:kms under ${KEY}, not aws:kms under ${OTHER_KEY}: `)
  t.match(outcome.stdout, 'Reload it (SIGHUP)')
  t.strictSame(rig.sandbox.list('bucket'), [])
})

const UNPROVABLE = [
  [
    "  rules: [{ name: x, match: { buckets: ['other-*'] }, encrypt: { keyId: 'KEY' } }]",
    /no-matching-rule.*add a rule/,
  ],
  [
    '  rules: [{ name: logs, match: { buckets: [bucket] }, exempt: of old age }]',
    /the rule logs exempts .*of old age/,
  ],
  [
    "  mode: observe\n  rules: [{ name: all, encrypt: { keyId: 'KEY' } }]",
    /policy\.mode is observe/,
  ],
] as const

for (const [policy, says] of UNPROVABLE) {
  t.test(`nothing to prove: ${policy.trim()}`, async (t) => {
    // Port 1: nothing must be sent.
    const outcome = await probe(t, { port: 1, policy: policy.replace('KEY', KEY) })
    t.equal(outcome.code, 1)
    t.strictSame(verdicts(outcome), ['FAILED policy'])
    t.match(outcome.stdout, says)
  })
}

t.test('a client that may not use the bucket', async (t) => {
  const outcome = await probe(t, { port: 1, buckets: '[other]' }, '--client', 'app')
  t.equal(outcome.code, 1)
  t.match(outcome.stdout, 'FAILED  policy: the client app may not use bucket')
  t.match(await probe(t, { port: 1, buckets: '[other]' }), {
    code: 2,
    stderr: /no client in .* may use bucket; set --client NAME/,
  })
})

t.test('the running proxy knows the client otherwise', async (t) => {
  const rig = await rigOf(t)
  const wrong = await probe(t, { port: rig.port, secretAccessKey: 'some-other-secret-of-length' })
  t.equal(wrong.code, 1)
  t.strictSame(verdicts(wrong), ['FAILED write'])
  t.match(
    wrong.stdout,
    /403 SignatureDoesNotMatch \(signature-mismatch\): the proxy has other keys/,
  )
  const unknown = await probe(t, { port: rig.port, accessKeyId: 'SGNOBODY0000000001' })
  t.match(unknown.stdout, /403 InvalidAccessKeyId \(unknown-access-key\): the proxy has other keys/)
})

t.test('a bucket that S3 does not have', async (t) => {
  const rig = await rigOf(t)
  const outcome = await run([...['probe', '--config', writeConfig(t, rig), '--bucket', 'nowhere']])
  t.equal(outcome.code, 1)
  t.match(outcome.stdout, 'FAILED  write: 404 NoSuchBucket: ')
})

t.test('a host name that the proxy does not serve', async (t) => {
  const rig = await rigOf(t)
  const outcome = await probe(t, rig, '--endpoint', `http://[::ffff:127.0.0.1]:${rig.port}`)
  t.equal(outcome.code, 1)
  t.match(outcome.stdout, /\(host-not-served\): use one of the listener's hosts in --endpoint/)
})

t.test('an endpoint that is S3 itself is told from Sealgate', async (t) => {
  const rig = await rigOf(t)
  const outcome = await probe(t, { port: rig.port, ...UPSTREAM }, '--endpoint', rig.sandbox.url)
  t.equal(outcome.code, 1)
  t.match(outcome.stdout, 'FAILED  write: the answer is not from Sealgate')
  t.strictSame(rig.sandbox.list('bucket'), [], 'deleted all the same')
})

t.test('an endpoint that is something else, such as the admin listener, is told', async (t) => {
  const server = createHttpServer((_, response) => response.writeHead(405).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const outcome = await probe(t, { port: 0 }, '--endpoint', `http://127.0.0.1:${port}`)
  t.equal(outcome.code, 1)
  t.match(outcome.stdout, 'FAILED  write: 405: the answer is not from Sealgate: check --endpoint')
})

t.test('an S3 that does not encrypt', async (t) => {
  const rig = await rigOf(t, { sandbox: { quirks: { wrongKey: OTHER_KEY } } })
  const outcome = await probe(t, rig)
  t.equal(outcome.code, 1)
  t.match(
    outcome.stdout,
    /FAILED {2}write: 501 EncryptionNotConfirmed \(encryption-not-confirmed\): S3 does not encrypt/,
  )
  t.match(outcome.stdout, 'ok      delete')
  t.strictSame(rig.sandbox.list('bucket'), [])
})

t.test('over TLS: --ca names the authority', async (t) => {
  const rig = await rigOf(t)
  const certificate = makeCertificate({ names: ['DNS:localhost'] })
  const front = createTlsServer(certificate, (socket) => {
    const back = connect(rig.port, '127.0.0.1')
    socket.pipe(back).pipe(socket)
    socket.on('error', () => back.destroy())
    back.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve))
  t.teardown(() => front.close())
  const address = front.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const config = writeConfig(t, rig)
  const caFile = join(config, '..', 'ca.pem')
  writeFileSync(caFile, certificate.cert)
  const args = ['probe', '--config', config, '--bucket', 'bucket']
  const endpoint = ['--endpoint', `https://localhost:${port}`]
  const good = await run([...args, ...endpoint, '--ca', caFile])
  t.equal(good.code, 0, good.stdout + good.stderr)
  const untrusted = await run([...args, ...endpoint])
  t.equal(untrusted.code, 1)
  t.match(untrusted.stdout, /FAILED {2}write: .*pass the CA .* with --ca FILE/)
  const misnamed = await run([...args, '--endpoint', `https://127.0.0.1:${port}`, '--ca', caFile])
  t.match(misnamed.stdout, 'use a name from the certificate in --endpoint')
  const plain = await run([...args, '--endpoint', `https://127.0.0.1:${rig.port}`])
  t.match(plain.stdout, /FAILED {2}write: .*check --endpoint/)
  t.match(await run([...args, '--ca', `${caFile}.absent`]), { code: 2, stderr: /ca\.pem\.absent/ })
})

t.test('usage and configuration errors exit 2', async (t) => {
  const good = writeConfig(t, { port: 0 })
  t.match(await run(['probe', '--config', good, '--bucket', 'bucket']), {
    code: 2,
    stderr: /no listener with a fixed port; set --endpoint URL/,
  })
  t.match(await run(['probe', '--config', good, '--bucket', 'bucket', '--client', 'nobody']), {
    code: 2,
    stderr: /no client 'nobody'/,
  })
  t.match(await run(['probe', '--config', `${good}.absent`, '--bucket', 'bucket']), {
    code: 2,
    stderr: /absent/,
  })
})
