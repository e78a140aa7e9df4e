import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { ExitCode } from '../../src/cli/command.ts'
import { runCommand } from '../../src/cli/run-command.ts'
import { EXAMPLE_ACCOUNT, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { askS3, type S3Question } from '../../src/sweep/s3-request.ts'
import { openLink, type TestLink } from './s3-link.ts'

type SandboxOptions = Parameters<typeof startSandbox>[0]

export const KEY = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
export const OTHER_KEY =
  'arn:aws:kms:us-east-1:111122223333:key/0000abcd-12ab-34cd-56ef-1234567890ab'

/** The rules of most scenes. */
export const RULES = [
  { name: 'logs', match: { keys: ['logs/*'] }, exempt: 'written by S3' },
  {
    name: 'billing',
    match: { keys: ['billing/*'], clients: ['billing'] },
    encrypt: { keyId: OTHER_KEY },
  },
  { name: 'all', encrypt: { keyId: KEY, bucketKey: true } },
]

/** An embedded S3 with two keys, a link to it, and a configuration file that names it. */
export interface SweepScene {
  readonly s3: Sandbox
  readonly link: TestLink
  readonly config: string
  readonly directory: string
  /** Sends a request that must succeed; returns the version id. */
  send(question: S3Question): Promise<string | undefined>
  put(key: string, fields?: readonly string[], body?: string): Promise<string | undefined>
}

export async function startScene(
  t: Test,
  options: SandboxOptions = {},
  rules: readonly object[] = RULES,
): Promise<SweepScene> {
  const kmsKeys = [KEY, OTHER_KEY].map((arn) => ({ arn, state: 'enabled' }) as const)
  const s3 = await startSandbox({ buckets: ['bucket'], kmsKeys, ...options })
  const link = openLink(s3.port)
  const directory = t.testdir()
  t.teardown(() => Promise.all([link.close(), s3.close()]))
  const config = join(directory, 'sealgate.yaml')
  const { accessKeyId, secretAccessKey } = EXAMPLE_ACCOUNT
  const sections = {
    version: 1,
    listen: [{ address: '127.0.0.1:0' }],
    upstream: {
      endpoint: s3.url,
      region: 'us-east-1',
      addressing: 'path',
      credentials: { source: 'static', accessKeyId, secretAccessKey },
    },
    clients: [
      {
        name: 'billing',
        accessKeyId: 'SGBILLING0000000001',
        secretAccessKey: 'a-secret-of-some-length',
        buckets: ['*'],
      },
    ],
    policy: { rules },
  }
  writeFileSync(config, JSON.stringify(sections))
  const send = async (question: S3Question): Promise<string | undefined> => {
    const reply = await askS3(link, question)
    if (reply.kind !== 'answer') throw new Error(JSON.stringify(reply))
    const at = reply.headers.indexOf('x-amz-version-id')
    return at === -1 ? undefined : reply.headers[at + 1]
  }
  return {
    s3,
    link,
    config,
    directory,
    send,
    put: (key, fields = [], body = key) =>
      send({ method: 'PUT', bucket: 'bucket', key, fields, body: Buffer.from(body) }),
  }
}

/** The headers of an upload under a key. */
export function under(keyId: string, bucketKey = true): readonly string[] {
  return [
    'x-amz-server-side-encryption',
    'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id',
    keyId,
    'x-amz-server-side-encryption-bucket-key-enabled',
    String(bucketKey),
  ]
}

export function setVersioning(scene: SweepScene, status: 'Enabled' | 'Suspended') {
  const body = Buffer.from(
    `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
  )
  return scene.send({
    method: 'PUT',
    bucket: 'bucket',
    query: [{ name: 'versioning', value: '' }],
    body,
  })
}

/** Runs a command in this process as a shell would. */
export async function run(args: readonly string[]) {
  let stdout = ''
  let stderr = ''
  const code: ExitCode = await runCommand(args, {
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    env: {},
  })
  return { code, stdout, stderr }
}
