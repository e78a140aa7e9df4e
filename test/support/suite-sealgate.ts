import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ACCESS_CLASSES } from '../../src/s3/operation-table.ts'
import type { Access } from './access.ts'
import { type CertificateFiles, TestAuthority, writePair } from './certificates.ts'
import { freePorts } from './free-ports.ts'
import { Program } from './program.ts'
import { requestLines } from './request-lines.ts'
import type { Keys } from './signer.ts'
import { sumMetric } from './sum-metric.ts'
import type { Address } from './wire.ts'

/** What clients sign with; the upstream's keys are Sealgate's alone. */
export const CLIENT_KEYS: Keys = {
  accessKeyId: 'SGCLIENT000000000001',
  secretAccessKey: 'client-secret-of-the-suite',
}

/** One audit line, as far as the suites look at it. */
export interface AuditLine {
  readonly operation?: string
  readonly bucket?: string
  readonly key?: string
  readonly status?: number
  readonly reason?: string
  readonly requestedEncryption?: { readonly algorithm?: string; readonly keyId?: string }
  readonly confirmedEncryption?: { readonly algorithm?: string; readonly keyId?: string }
}

/** What of its configuration a suite may choose. */
export interface SealgateSettings {
  /** A second listener with TLS. */
  readonly tls?: boolean
  /** `upstream.trailers`; RGW needs `terminate`. */
  readonly trailers?: 'forward' | 'terminate'
  /** `upstream.headersTimeout`. */
  readonly headersTimeout?: string
  /** `limits.bodyIdle`. */
  readonly bodyIdle?: string
  /** `policy.rules`. */
  readonly rules?: readonly object[]
  /** `policy.confirmation`. */
  readonly confirmation?: 'fail' | 'report'
  /** `audit.evidence`, instead of the audit file. */
  readonly evidence?: object
}

/** Longer than any start on a machine under load. */
const READY_MS = 120_000

/** A Sealgate of its own process, in front of one S3 server. */
export class SuiteSealgate {
  readonly access: Access
  readonly #folder: string
  readonly #admin: Address
  #program: Program
  #starts = 1

  private constructor(access: Access, folder: string, admin: Address, program: Program) {
    this.access = access
    this.#folder = folder
    this.#admin = admin
    this.#program = program
  }

  /**
   * Starts it with the policy's key `upstream.kms.one` for everything, and waits until it is ready; does not stay
   * behind if it fails.
   */
  static async start(
    upstream: Access,
    folder: string,
    settings: SealgateSettings = {},
    readyWithinMs = READY_MS,
  ): Promise<SuiteSealgate> {
    mkdirSync(folder, { recursive: true })
    const [port, adminPort, tlsPort = 0] = await freePorts(3)
    const authority = settings.tls ? new TestAuthority() : undefined
    const caFile = join(folder, 'ca.pem')
    if (authority !== undefined) writeFileSync(caFile, authority.cert)
    const certificates = authority && writePair(folder, 'listener', authority.issue())
    const address = { host: '127.0.0.1', port: port ?? 0 }
    const admin = { host: '127.0.0.1', port: adminPort ?? 0 }
    writeFileSync(
      join(folder, 'sealgate.yaml'),
      configuration({ address, admin, tlsPort, certificates, upstream, folder, settings }),
    )
    const access: Access = {
      ...upstream,
      address,
      keys: CLIENT_KEYS,
      ...(certificates && { tls: { port: tlsPort, caFile } }),
    }
    const sealgate = new SuiteSealgate(access, folder, admin, spawnServe(folder))
    await sealgate.#ready(readyWithinMs)
    return sealgate
  }

  /** Starts it again with the same configuration, after `kill`. */
  async restart(): Promise<void> {
    this.#program = spawnServe(this.#folder)
    this.#starts++
    await this.#ready(READY_MS)
  }

  /** SIGTERM, and its exit code. */
  async stop(): Promise<number | null> {
    return this.isRunning ? this.#program.stop() : (await this.#program.end).code
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    return this.#program.close()
  }

  /** How often it was started. */
  get starts(): number {
    return this.isRunning ? this.#starts : 0
  }

  /** True while the process that was started last lives. */
  get isRunning(): boolean {
    return this.#program.isRunning
  }

  /** All audit lines so far. */
  auditLines(): readonly AuditLine[] {
    const file = join(this.#folder, 'audit.jsonl')
    if (!existsSync(file)) return []
    return requestLines(readFileSync(file, 'utf8')).map((line): AuditLine => Object(line))
  }

  /** The log so far. */
  log(): string {
    return readFileSync(join(this.#folder, 'sealgate.log'), 'utf8')
  }

  /** Sum of a metric over its series that have these labels. */
  metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return sumMetric(`http://${this.#admin.host}:${this.#admin.port}`, name, labels)
  }

  /** All metrics, as Prometheus gets them. */
  async metricsText(): Promise<string> {
    return (await fetch(`http://${this.#admin.host}:${this.#admin.port}/metrics`)).text()
  }

  /** Waits until there is such an audit line; lines are written in batches. */
  async audited(isIt: (line: AuditLine) => boolean): Promise<void> {
    for (let tries = 0; tries < 50; tries++) {
      if (this.auditLines().some(isIt)) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('no such audit line')
  }

  /** Waits until no request is under way and the audit file no longer grows. */
  async idle(): Promise<void> {
    for (let tries = 0, before = -1; tries < 100; tries++) {
      const lines = this.auditLines().length
      const running = await this.metric('sealgate_inflight_requests')
      if (running === 0 && lines === before) return
      before = lines
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error('requests are still under way')
  }

  /** Waits until it is ready; kills it if it does not get ready. */
  async #ready(withinMs: number): Promise<void> {
    try {
      await this.#answersReady(performance.now() + withinMs)
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  async #answersReady(until: number): Promise<void> {
    while (performance.now() < until) {
      if (!this.isRunning) throw new Error(`sealgate ended: ${this.log().slice(-2000)}`)
      const url = `http://${this.#admin.host}:${this.#admin.port}/readyz`
      const ready = await fetch(url).then(
        (answer) => answer.ok,
        () => false,
      )
      if (ready) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`sealgate does not get ready: ${this.log().slice(-2000)}`)
  }
}

function spawnServe(folder: string): Program {
  const args = ['serve', '--config', join(folder, 'sealgate.yaml')]
  return Program.sealgate(args, { outputFile: join(folder, 'sealgate.log') })
}

/** `encrypt` of a rule, with all that it can have. */
export function encryptUnder(keyId: string): object {
  return { algorithm: 'aws:kms', keyId, bucketKey: true, context: { app: '{client}' } }
}

interface Configuration {
  readonly address: Address
  readonly admin: Address
  readonly tlsPort: number
  readonly certificates: CertificateFiles | undefined
  readonly upstream: Access
  readonly folder: string
  readonly settings: SealgateSettings
}

/** JSON is YAML. */
function configuration(of: Configuration): string {
  const { address, admin, upstream, folder, settings, certificates } = of
  const hosts = ['127.0.0.1', 'localhost']
  return JSON.stringify({
    version: 1,
    listen: [
      { address: `${address.host}:${address.port}`, hosts },
      ...(certificates === undefined
        ? []
        : [tlsListener(`${address.host}:${of.tlsPort}`, hosts, certificates)]),
    ],
    admin: { address: `${admin.host}:${admin.port}` },
    upstream: {
      endpoint: `http://${upstream.address.host}:${upstream.address.port}`,
      region: upstream.region,
      addressing: 'path',
      credentials: { source: 'static', ...upstream.keys },
      trailers: settings.trailers ?? 'terminate',
      headersTimeout: settings.headersTimeout ?? '20s',
    },
    clients: [{ name: 'suite', ...CLIENT_KEYS, buckets: ['*'], allow: ACCESS_CLASSES }],
    policy: {
      confirmation: settings.confirmation ?? 'fail',
      rules: settings.rules ?? [
        { name: 'everything', match: { buckets: ['*'] }, encrypt: encryptUnder(upstream.kms.one) },
      ],
    },
    limits: { bodyIdle: settings.bodyIdle ?? '10s' },
    audit:
      settings.evidence === undefined
        ? { destination: { file: join(folder, 'audit.jsonl') } }
        : { evidence: settings.evidence },
    log: { level: 'info' },
  })
}

function tlsListener(address: string, hosts: readonly string[], from: CertificateFiles) {
  return { address, hosts, tls: { certFile: from.certFile, keyFile: from.keyFile } }
}
