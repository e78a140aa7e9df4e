import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Addresses } from '../../src/upstream/addresses.ts'
import { CLIENT, KEY, REGION, UPSTREAM } from '../support/rig.ts'
import { startService } from '../support/start-service.ts'

/** A proxy on loopback in front of whatever the test has put there. */
export interface Rig {
  readonly port: number
  /** The lines of the log so far. */
  log(): string
  /** The value of a counter with exactly these labels; 0: it is not there. */
  count(metric: string, labels: string): Promise<number>
  close(): Promise<void>
}

export interface RigOptions {
  /** `http://127.0.0.1:port` or an AWS name with the stand-in's port. */
  readonly endpoint: string
  /** More YAML under `upstream:`, each line indented by two. */
  readonly upstream?: string
  /** More clients, as list items. */
  readonly clients?: string
  readonly limits?: string
  /** The guards of the rule, as YAML. */
  readonly guards?: string
  /** PEM of the authority to trust. */
  readonly ca?: string
  /** Gives the addresses of every name, none for one that does not resolve; left out: the system does. */
  readonly resolve?: (hostname: string) => readonly string[]
}

/** Starts a proxy; the caller closes it. What S3 does not confirm is only reported: stand-ins do not. */
export async function startProxy(options: RigOptions): Promise<Rig> {
  const directory = await mkdtemp(join(tmpdir(), 'sealgate-upstream-'))
  const yaml = `version: 1
listen: [{ address: '127.0.0.1:0', hosts: [localhost, 127.0.0.1] }]
upstream:
  endpoint: ${options.endpoint}
  region: ${REGION}
  credentials: { source: static, accessKeyId: ${UPSTREAM.accessKeyId}, secretAccessKey: ${UPSTREAM.secretAccessKey} }
  allowPlaintext: true
${options.upstream ?? ''}
clients:
  - { name: app, accessKeyId: ${CLIENT.accessKeyId}, secretAccessKey: ${CLIENT.secretAccessKey}, buckets: ['*'] }
${options.clients ?? ''}
policy:
  confirmation: report
  rules: [{ name: all, match: { buckets: ['*'] }, encrypt: { algorithm: aws:kms, keyId: '${KEY}' }${options.guards === undefined ? '' : `, guards: ${options.guards}`} }]
limits: { ${options.limits ?? ''} }
drain: { delay: 0s, deadline: 1s }
`
  const { ca, resolve } = options
  const { port, metrics, log, drain } = await startService({
    ...{ folder: directory, yaml },
    ...(ca === undefined ? {} : { ca }),
    ...(resolve === undefined ? {} : { addresses: resolvedBy(resolve) }),
  })
  return {
    port,
    log,
    count: async (metric, labels) => {
      const lines = (await metrics.registry.getSingleMetricAsString(metric)).split('\n')
      const line = lines.find((one) => one.startsWith(`${metric}${labels && `{${labels}}`} `))
      return Number(line?.split(' ').at(-1) ?? 0)
    },
    close: async () => {
      await drain()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function resolvedBy(resolve: (hostname: string) => readonly string[]): Addresses {
  return new Addresses({
    resolve: (hostname, callback) => {
      const error = Object.assign(new Error(hostname), { code: 'ENOTFOUND' })
      const found = resolve(hostname).map((address) => ({ address, family: 4 }))
      setImmediate(() => callback(found.length === 0 ? error : null, found))
    },
  })
}
