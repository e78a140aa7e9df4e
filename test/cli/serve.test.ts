import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runCommand } from '../../src/cli/run-command.ts'
import { makeCertificate } from '../support/certificates.ts'
import { type YamlOptions, yamlFor } from '../support/program-scene.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'

const NO_AWS = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_EC2_METADATA_DISABLED: 'true',
}

async function folderOf(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sealgate-serve-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** What the program says and does that cannot start. */
async function failedStart(t: Test, folder: string, yaml: string): Promise<string> {
  const started = await SealgateProcess.spawn(folder, yaml, NO_AWS)
  const { code, stderr } = await started.end
  t.equal(code, 2, stderr)
  return stderr
}

/** A port that is taken for the time of a test. */
async function takenPort(t: Test): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

t.test('without --config it is a wrong usage', async (t) => {
  let stderr = ''
  const terminal = {
    stdout: () => undefined,
    stderr: (text: string) => {
      stderr += text
    },
    env: {},
  }
  t.equal(await runCommand(['serve'], terminal), 2)
  t.match(stderr, /required option '-c, --config <file>' not specified/)
})

t.test('what is wrong in the file is told with place and path, all of it', async (t) => {
  const folder = await folderOf(t)
  const yaml = yamlFor({ upstreamPort: 1, more: 'drain: { deadline: soon }\nworker: 3' })
  const stderr = await failedStart(t, folder, yaml)
  t.match(stderr, /sealgate\.yaml:\d+:\d+: drain\.deadline: /)
  t.match(stderr, /sealgate\.yaml:\d+:\d+: worker: /)
})

const CANNOT_START: readonly (readonly [string, YamlOptions, RegExp])[] = [
  [
    'a secret that cannot be read',
    { upstreamPort: 1, secret: '{ file: missing-secret }' },
    /sealgate\.yaml:\d+:\d+: clients\[0\]\.secretAccessKey: cannot read .*missing-secret: no such file/,
  ],
  [
    'TLS files that cannot be read',
    {
      upstreamPort: 1,
      listen: "  - address: '127.0.0.1:0'\n    tls: { certFile: a.pem, keyFile: b.pem }",
    },
    /sealgate\.yaml:\d+:\d+: listen\[0\]\.tls\.certFile: cannot read .*a\.pem: no such file/,
  ],
  [
    'an upstream whose host does not resolve',
    { endpoint: 'https://s3.sealgate-test.invalid' },
    /sealgate\.yaml: upstream\.endpoint: the host s3\.sealgate-test\.invalid does not resolve/,
  ],
  [
    'credentials that are not there',
    { upstreamPort: 1, credentials: '{ source: env }' },
    /sealgate\.yaml: upstream\.credentials: no credentials from source env: .*set AWS_ACCESS_KEY_ID/,
  ],
  [
    'an audit file in a folder that is not there',
    { upstreamPort: 1, more: 'audit: { destination: ./missing/audit.jsonl }' },
    /sealgate\.yaml: audit\.destination: cannot open the audit log: ENOENT/,
  ],
]

for (const [name, options, expected] of CANNOT_START) {
  t.test(`${name}: exit 2, and the setting is named`, async (t) => {
    t.match(await failedStart(t, await folderOf(t), yamlFor(options)), expected)
  })
}

t.test('a port in use: exit 2, and the setting is named', async (t) => {
  const folder = await folderOf(t)
  const port = await takenPort(t)
  const listen = yamlFor({ upstreamPort: 1, listen: `  - address: '127.0.0.1:${port}'` })
  const expected = new RegExp(
    `sealgate\\.yaml: listen\\[0\\]\\.address: 127\\.0\\.0\\.1:${port} is in use by another program`,
  )
  t.match(await failedStart(t, folder, listen), expected)
  const admin = yamlFor({ upstreamPort: 1, admin: `127.0.0.1:${port}` })
  t.match(
    await failedStart(t, folder, admin),
    new RegExp(`sealgate\\.yaml: admin\\.address: 127\\.0\\.0\\.1:${port} is in use`),
  )
})

t.test('a port in use is told once by many workers too', async (t) => {
  const port = await takenPort(t)
  const yaml = yamlFor({
    upstreamPort: 1,
    listen: `  - address: '127.0.0.1:${port}'`,
    more: 'workers: 2',
  })
  const stderr = await failedStart(t, await folderOf(t), yaml)
  t.equal(stderr.match(/is in use by another program/g)?.length, 1, stderr)
})

t.test('certificates that are a pair start it', async (t) => {
  const folder = await folderOf(t)
  const { cert: certificate, key } = makeCertificate()
  await writeFile(join(folder, 'a.pem'), certificate)
  await writeFile(join(folder, 'b.pem'), key)
  const listen = "  - address: '127.0.0.1:0'\n    tls: { certFile: a.pem, keyFile: b.pem }"
  const sealgate = await SealgateProcess.start(folder, yamlFor({ upstreamPort: 1, listen }))
  t.teardown(() => sealgate.close())
  sealgate.signal('SIGTERM')
  t.equal((await sealgate.end).code, 0)
})

t.test('a signal before it has started ends it with 0', async (t) => {
  const folder = await folderOf(t)
  // Nothing answers at this address, so credentials are waited for.
  const yaml = yamlFor({ upstreamPort: 1, credentials: '{ source: container }' })
  const sealgate = await SealgateProcess.spawn(folder, yaml, {
    ...NO_AWS,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/',
  })
  t.teardown(() => sealgate.close())
  await sealgate.waitFor(/no upstream credentials/)
  sealgate.signal('SIGTERM')
  t.equal((await sealgate.end).code, 0, sealgate.stderr)
})
