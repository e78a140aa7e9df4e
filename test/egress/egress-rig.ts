import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { formatConfigError } from '../../src/config/problems.ts'
import { openCredentials } from '../../src/credentials/open-credentials.ts'
import { EgressListener } from '../../src/egress/egress-listener.ts'
import type { Network } from '../../src/egress/network.ts'
import { type RequestRecord, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { Service } from '../../src/service/service.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Upstream } from '../../src/upstream/upstream.ts'
import type { KeyPair } from '../support/certificates.ts'
import { CLIENT, countRequests, KEY, REGION, UPSTREAM } from '../support/rig.ts'

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
  const auditFile = join(directory, 'audit.log')
  const write = async (name: string, pair: KeyPair | undefined): Promise<string[]> => {
    if (pair === undefined) return []
    const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)]
    await writeFile(cert, pair.cert)
    await writeFile(key, pair.key)
    return [`{ certFile: '${cert}', keyFile: '${key}' }`]
  }
  const [ca] = await write('ca', options.ca)
  const [tls] = await write('tls', options.tls)
  const text = [
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
    `audit: { destination: '${auditFile}' }`,
    ...(options.more ?? ['drain: { delay: 0s, deadline: 200ms }']),
    '',
  ].join('\n')
  const loaded = await loadConfig({
    path: join(directory, 'sealgate.yaml'),
    readFile: async (path) => (path.endsWith('.yaml') ? text : readFile(path, 'utf8')),
    env: {},
  })
  if (!loaded.ok) throw new Error(formatConfigError(loaded.error))
  const config = {
    ...loaded.value,
    listen: loaded.value.listen.map((listener) => ({
      ...listener,
      isLoopback: options.isPublic !== true,
    })),
  }
  const { endpoint } = config.upstream
  if (endpoint.kind === 'sandbox') throw new Error('unexpected')
  const logged: string[] = []
  const log = openLog({ level: 'info', stream: { write: (line: string) => logged.push(line) } })
  const metrics = new Metrics({ ...config.metrics, withDefaults: false })
  const audit = await AuditLog.open({
    destination: config.audit.destination,
    onState: () => undefined,
  })
  const credentials = openCredentials(config.upstream.credentials, { region: REGION })
  const upstream = new Upstream(config.upstream, endpoint, credentials, undefined)
  const { network, idleMs } = options
  const service = new Service(
    config,
    upstream,
    { metrics, audit, log },
    {
      openEgress: (...of) =>
        new EgressListener(...of, {
          network: network ?? watchNetwork({}, 9),
          ...(idleMs === undefined ? {} : { idleMs }),
        }),
    },
  )
  const [address] = (await service.listen()).listen
  if (address === undefined) throw new Error('not listening')
  let drained: Promise<boolean> | undefined
  const drain = () => {
    drained ??= service.drain()
    return drained
  }
  return {
    port: address.port,
    sandbox,
    received,
    metrics,
    refusals: () => metrics.registry.getSingleMetricAsString('sealgate_refusals_total'),
    audit: async () => {
      const ended = await countRequests(metrics)
      let lines: readonly string[] = []
      // Lines are written in batches, off the event loop.
      for (let i = 0; i < 200 && lines.length < ended; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        lines = (await readFile(auditFile, 'utf8')).split('\n').filter((line) => line !== '')
      }
      return lines.map((line) => JSON.parse(line))
    },
    log: () => logged.join(''),
    drain,
    close: async () => {
      await drain()
      await sandbox.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
