import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../src/config/config.ts'
import {
  type RequestRecord,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'
import type { Metrics } from '../../src/telemetry/metrics.ts'
import { startService } from './start-service.ts'

export const REGION = 'us-east-1'
export const KEY = `arn:aws:kms:${REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`
export const OTHER_KEY = `arn:aws:kms:${REGION}:111122223333:key/ffffffff-12ab-34cd-56ef-1234567890ab`

/** The client's keys, which only Sealgate knows; and Sealgate's own, which only the S3 knows. */
export const CLIENT = {
  accessKeyId: 'SGCLIENT0000000001',
  secretAccessKey: 'client-secret-client-secret',
}
export const UPSTREAM = {
  accessKeyId: 'SGUPSTREAM00000001',
  secretAccessKey: 'upstream-secret-upstream',
}

/** A proxy in front of an embedded S3, both real, on loopback. */
export interface Rig {
  /** `http://127.0.0.1:port` of the proxy. */
  readonly url: string
  readonly port: number
  /** Of all listeners, in order. */
  readonly ports: readonly number[]
  readonly adminUrl: string
  readonly config: Config
  readonly sandbox: Sandbox
  /** Request heads as they reached S3, octet for octet. */
  readonly received: RequestRecord[]
  readonly metrics: Metrics
  /** The audit's lines so far. */
  audit(): Promise<readonly Record<string, unknown>[]>
  log(): string
  drain(): Promise<boolean>
  close(): Promise<void>
}

export interface RigOptions {
  /** YAML of `policy:`'s content. */
  readonly policy?: string
  /** YAML of the first client's buckets. */
  readonly buckets?: string
  /** YAML of more clients, as list items. */
  readonly clients?: string
  /** YAML of more listeners, as list items. */
  readonly listen?: string
  /** More YAML at the top level, and under `upstream:`. */
  readonly more?: string
  readonly upstream?: string
  readonly sandbox?: Partial<SandboxOptions>
  readonly readiness?: 'process' | 'upstream'
  /** Instead of the embedded S3: a server of the test's on loopback. */
  readonly upstreamPort?: number
}

const POLICY = `
  rules:
    - name: all
      match: { buckets: ['*'] }
      encrypt: { algorithm: aws:kms, keyId: '${KEY}' }`

/** Starts both; the caller closes it (`t.teardown(() => rig.close())`). */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'sealgate-test-'))
  const received: RequestRecord[] = []
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    dataDir: join(directory, 's3'),
    region: REGION,
    accounts: [UPSTREAM],
    kmsKeys: [KEY, OTHER_KEY].map((arn) => ({ arn, state: 'enabled' })),
    buckets: ['bucket', 'other'],
    onRequest: (record) => received.push(record),
    ...options.sandbox,
  })
  const yaml = `version: 1
listen:
  - address: 127.0.0.1:0
    hosts: [localhost, 127.0.0.1]
${options.listen ?? ''}
admin: { address: '127.0.0.1:0', readiness: ${options.readiness ?? 'process'} }
upstream:
  endpoint: http://127.0.0.1:${options.upstreamPort ?? sandbox.port}
  region: ${REGION}
  addressing: path
  credentials: { source: static, accessKeyId: ${UPSTREAM.accessKeyId}, secretAccessKey: ${UPSTREAM.secretAccessKey} }
${options.upstream ?? ''}
clients:
  - name: app
    accessKeyId: ${CLIENT.accessKeyId}
    secretAccessKey: ${CLIENT.secretAccessKey}
    buckets: ${options.buckets ?? "['*']"}
    allow: [read, write, delete, list, create, configure]
${options.clients ?? ''}
policy:${options.policy ?? POLICY}
${options.more ?? ''}
`
  const service = await startService({ folder: directory, yaml })
  const { port, ports, adminPort, config, metrics, audit, log, drain } = service
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    ports,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    config,
    sandbox,
    received,
    metrics,
    audit,
    log,
    drain,
    close: async () => {
      await drain()
      await sandbox.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
