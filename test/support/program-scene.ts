import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Environment } from './program.ts'
import { CLIENT, KEY, OTHER_KEY, REGION, UPSTREAM } from './rig.ts'
import { SealgateProcess } from './sealgate-process.ts'

/** A running program in front of an embedded S3; both end with the test. */
export interface LifeRig extends Scene {
  readonly sealgate: SealgateProcess
  /** The configuration that it was started with, with changes. */
  readonly yaml: (changes?: YamlOptions) => string
}

export async function startLife(
  t: Test,
  options: YamlOptions = {},
  env: Environment = {},
): Promise<LifeRig> {
  const scene = await openScene()
  t.teardown(() => scene.close())
  const yaml = (changes: YamlOptions = {}) =>
    yamlFor({ upstreamPort: scene.sandbox.port, ...options, ...changes })
  const sealgate = await SealgateProcess.start(scene.folder, yaml(), env)
  t.teardown(() => sealgate.close())
  return { ...scene, sealgate, yaml }
}

/** An embedded S3 in the test's own process, and a folder for the program's files. */
export interface Scene {
  readonly folder: string
  readonly sandbox: Sandbox
  close(): Promise<void>
}

export async function openScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'sealgate-life-'))
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    dataDir: join(folder, 's3'),
    region: REGION,
    accounts: [UPSTREAM],
    kmsKeys: [KEY, OTHER_KEY].map((arn) => ({ arn, state: 'enabled' })),
    buckets: ['bucket'],
  })
  return {
    folder,
    sandbox,
    close: async () => {
      await sandbox.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export interface YamlOptions {
  /** Port of S3. */
  readonly upstreamPort?: number
  readonly endpoint?: string
  readonly credentials?: string
  /** YAML of more settings under `upstream:`. */
  readonly upstream?: string
  readonly listen?: string
  readonly admin?: string
  readonly keyId?: string
  readonly secret?: string
  /** YAML of more items of `clients`. */
  readonly clients?: string
  /** More YAML at the top level. */
  readonly more?: string
}

/** A configuration for a `sealgate serve` on free ports of loopback. */
export function yamlFor(options: YamlOptions): string {
  const credentials = `{ source: static, accessKeyId: ${UPSTREAM.accessKeyId}, secretAccessKey: ${UPSTREAM.secretAccessKey} }`
  return `version: 1
listen:
${options.listen ?? "  - address: '127.0.0.1:0'"}
admin: { address: '${options.admin ?? '127.0.0.1:0'}' }
upstream:
  endpoint: ${options.endpoint ?? `http://127.0.0.1:${options.upstreamPort}`}
  region: ${REGION}
  addressing: path
  credentials: ${options.credentials ?? credentials}
${options.upstream ?? ''}
clients:
  - name: app
    accessKeyId: ${CLIENT.accessKeyId}
    secretAccessKey: ${options.secret ?? CLIENT.secretAccessKey}
    buckets: ['*']
    allow: [read, write, delete, list, create, configure]
${options.clients ?? ''}
policy:
  rules:
    - name: all
      match: { buckets: ['*'] }
      encrypt: { algorithm: aws:kms, keyId: '${options.keyId ?? KEY}' }
${options.more ?? ''}
`
}
