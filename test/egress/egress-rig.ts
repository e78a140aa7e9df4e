import { mkdtemp, rm } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EgressListener } from '../../src/egress/egress-listener.ts'
import type { Network } from '../../src/egress/network.ts'
import { type RequestRecord, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Metrics } from '../../src/telemetry/metrics.ts'
import { type KeyPair, writePair } from '../support/certificates.ts'
import { CLIENT, KEY, REGION, UPSTREAM } from '../support/rig.ts'
import { startService } from '../support/start-service.ts'

/** What a test's network was asked for. */
export interface WatchedNetwork extends Network {
  readonly resolved: string[]
  /** `address:port`, in order. */
  readonly dialled: string[]
}

/**
 * A network that never leaves the machine: names resolve as the table says, and whatever address is
 * dialled, the connection goes to `port` on loopback.
 */
export function watchNetwork(
  names: Readonly<Record<string, readonly string[]>>,
  port: number,
): WatchedNetwork {
  const resolved: string[] = []
  const dialled: string[] = []
  return {
    resolved,
    dialled,
    resolve: async (hostname) => {
      resolved.push(hostname)
      const addresses = names[hostname]
      if (addresses === undefined) throw new Error(`ENOTFOUND ${hostname}`)
      return addresses
    },
    dial: (address, asked): Socket => {
      dialled.push(`${address}:${asked}`)
      return createConnection({ host: '127.0.0.1', port })
    },
  }
}

/** A service with one egress listener in front of an embedded S3. */
export interface EgressRig {
  readonly port: number
  readonly sandbox: Sandbox
  /** Request heads as they reached S3. */
  readonly received: RequestRecord[]
  readonly metrics: Metrics
  refusals(): Promise<string>
  /** The audit's lines, when there are as many as requests. */
  audit(): Promise<readonly Record<string, unknown>[]>
  log(): string
  drain(): Promise<boolean>
  close(): Promise<void>
}

export interface EgressRigOptions {
  readonly network?: Network
  /** YAML of the listener's `egress:`, as lines. */
  readonly egress?: readonly string[]
  /** YAML of the listener besides. */
  readonly listener?: readonly string[]
  readonly ca?: KeyPair
  /** The listener's own certificate. */
  readonly tls?: KeyPair
  /** As if it were beyond loopback, where Proxy-Authorization is asked for. */
  readonly isPublic?: boolean
  readonly clients?: readonly string[]
  readonly idleMs?: number
  readonly more?: readonly string[]
}

const APP = [
  '  - name: app',
  `    accessKeyId: ${CLIENT.accessKeyId}`,
  `    secretAccessKey: ${CLIENT.secretAccessKey}`,
  "    buckets: ['*']",
] as const

/** Starts both; the caller closes it (`t.teardown(() => rig.close())`). */
export async function startEgressRig(options: EgressRigOptions = {}): Promise<EgressRig> {
  const directory = await mkdtemp(join(tmpdir(), 'sealgate-egress-'))
  const received: RequestRecord[] = []
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    dataDir: join(directory, 's3'),
    region: REGION,
    accounts: [UPSTREAM],
    kmsKeys: [{ arn: KEY, state: 'enabled' }],
    buckets: ['bucket', 'other.bucket'],
    onRequest: (record) => received.push(record),
  })
  const write = (name: string, pair: KeyPair): string => {
    const { certFile, keyFile } = writePair(directory, name, pair)
    return `{ certFile: '${certFile}', keyFile: '${keyFile}' }`
  }
  const ca = options.ca && write('ca', options.ca)
  const tls = options.tls && write('tls', options.tls)
  const yaml = [
    'version: 1',
    'listen:',
    '  - kind: egress',
    '    address: 127.0.0.1:0',
    ...(options.listener ?? []).map((line) => `    ${line}`),
    ...(tls === undefined ? [] : [`    tls: ${tls}`]),
    '    egress:',
    ca === undefined ? '      intercept: false' : `      ca: ${ca}`,
    ...(options.egress ?? []).map((line) => `      ${line}`),
    'upstream:',
    `  endpoint: http://127.0.0.1:${sandbox.port}`,
    `  region: ${REGION}`,
    '  addressing: path',
    '  connectTimeout: 2s',
    `  credentials: { source: static, accessKeyId: ${UPSTREAM.accessKeyId}, secretAccessKey: ${UPSTREAM.secretAccessKey} }`,
    'clients:',
    ...(options.clients ?? APP),
    'policy:',
    '  rules:',
    '    - name: all',
    `      encrypt: { algorithm: aws:kms, keyId: '${KEY}' }`,
    ...(options.more ?? ['drain: { delay: 0s, deadline: 200ms }']),
    '',
  ].join('\n')
  const { network, idleMs } = options
  const service = await startService({
    folder: directory,
    yaml,
    change: (config) => ({
      ...config,
      listen: config.listen.map((one) => ({ ...one, isLoopback: options.isPublic !== true })),
    }),
    openEgress: (...of) =>
      new EgressListener(...of, {
        network: network ?? watchNetwork({}, 9),
        ...(idleMs === undefined ? {} : { idleMs }),
      }),
  })
  const { port, metrics, audit, log, drain } = service
  return {
    port,
    sandbox,
    received,
    metrics,
    refusals: () => metrics.registry.getSingleMetricAsString('sealgate_refusals_total'),
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
