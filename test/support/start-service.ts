import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatConfigError } from '../../src/config/problems.ts'
import { openCredentials } from '../../src/credentials/open-credentials.ts'
import type { OpenEgress } from '../../src/service/listener-host.ts'
import { Service } from '../../src/service/service.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import { type Log, openLog } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import type { Addresses } from '../../src/upstream/addresses.ts'
import { openCredentialOverrides } from '../../src/upstream/credential-overrides.ts'
import { Upstream } from '../../src/upstream/upstream.ts'

/** What a service is made of. */
export interface ServiceParts {
  readonly config: Config
  readonly upstream: Upstream
  readonly metrics: Metrics
  readonly audit: AuditLog
  readonly log: Log
  /** The log so far. */
  logged(): string
}

export interface PartsOptions {
  /** Holds the audit file; the caller removes it. */
  readonly folder: string
  /** The configuration without `audit`. */
  readonly yaml: string
  /** What YAML cannot say. */
  readonly change?: (config: Config) => Config
  /** PEM of the authority that the upstream's certificate must have. */
  readonly ca?: string
  /** Instead of the system's resolver. */
  readonly addresses?: Addresses
}

/** Makes them as the program does, with metrics of this process left out. */
export async function openServiceParts(options: PartsOptions): Promise<ServiceParts> {
  const { folder, addresses } = options
  const path = join(folder, 'sealgate.yaml')
  const text = `${options.yaml}\naudit: { destination: '${auditFileIn(folder)}' }\n`
  const loaded = await loadConfig({
    path,
    readFile: async (file) => (file === path ? text : readFile(file, 'utf8')),
    env: {},
  })
  if (!loaded.ok) throw new Error(formatConfigError(loaded.error))
  const config = options.change?.(loaded.value) ?? loaded.value
  const { region, endpoint, credentials } = config.upstream
  if (endpoint.kind === 'sandbox') throw new Error('unexpected')
  const logged: string[] = []
  const log = openLog({ level: 'info', stream: { write: (line: string) => logged.push(line) } })
  const audit = await AuditLog.open({
    destination: config.audit.destination,
    onState: () => undefined,
  })
  return {
    config,
    upstream: new Upstream(
      config.upstream,
      endpoint,
      openCredentials(credentials, { region }),
      options.ca,
      {
        overrides: openCredentialOverrides(config, { region }),
        bodyIdleMs: config.limits.bodyIdleMs,
        ...(addresses === undefined ? {} : { addresses }),
      },
    ),
    metrics: new Metrics({ ...config.metrics, withDefaults: false, worker: 0 }),
    audit,
    log,
    logged: () => logged.join(''),
  }
}

export interface ServiceOptions extends PartsOptions {
  readonly openEgress?: OpenEgress
}

/** A service on loopback. */
export interface RunningTestService {
  /** Of the first listener. */
  readonly port: number
  /** Of all listeners, in order. */
  readonly ports: readonly number[]
  /** 0: there is no admin listener. */
  readonly adminPort: number
  readonly config: Config
  readonly metrics: Metrics
  log(): string
  /** The audit's text so far. */
  auditText(): Promise<string>
  /** The audit's lines, when there are as many as requests that have ended. */
  audit(): Promise<readonly Record<string, unknown>[]>
  /** Once, however often it is called. */
  drain(): Promise<boolean>
}

export async function startService(options: ServiceOptions): Promise<RunningTestService> {
  const { openEgress } = options
  const { config, upstream, metrics, audit, log, logged } = await openServiceParts(options)
  const service = new Service(
    config,
    upstream,
    { metrics, audit, log },
    openEgress === undefined ? {} : { openEgress },
  )
  const { listen, admin } = await service.listen()
  const [address] = listen
  if (address === undefined) throw new Error('not listening')
  const auditText = () => readFile(auditFileIn(options.folder), 'utf8')
  let drained: Promise<boolean> | undefined
  return {
    port: address.port,
    ports: listen.map(({ port }) => port),
    adminPort: admin?.port ?? 0,
    config,
    metrics,
    log: logged,
    auditText,
    audit: async () => {
      const ended = await countRequests(metrics)
      let lines: readonly string[] = []
      // Lines are written in batches, off the event loop; the last one may not be whole yet.
      for (let i = 0; i < 200 && lines.length < ended; i++) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        lines = (await auditText()).split('\n').slice(0, -1)
      }
      return lines.map((line) => JSON.parse(line))
    },
    drain: () => {
      drained ??= service.drain()
      return drained
    },
  }
}

/** How many requests have been counted as ended. */
export async function countRequests(metrics: Metrics): Promise<number> {
  const text = await metrics.registry.getSingleMetricAsString('sealgate_requests_total')
  let sum = 0
  for (const [, value] of text.matchAll(/^sealgate_requests_total\{.*\} (\d+)$/gm))
    sum += Number(value)
  return sum
}

function auditFileIn(folder: string): string {
  return join(folder, 'audit.log')
}
