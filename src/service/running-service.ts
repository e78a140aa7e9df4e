import { failure, ok, type Result } from '../base/result.ts'
import type { ConfigProblem } from '../config/config.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { ConfigurationEvent } from '../telemetry/configuration-event.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { hasTraceProvider, openTracing } from '../telemetry/tracing.ts'
import { type EmbeddedUpstream, openUpstream } from '../upstream/open-upstream.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { ConfigSnapshot } from './config-snapshot.ts'
import { evidenceOptions } from './evidence-options.ts'
import { hashPolicy } from './hash-policy.ts'
import { ListenError } from './listen-error.ts'
import type { OpenEgress } from './listener-host.ts'
import { openAudit, reopenAudit } from './open-audit.ts'
import type { ReadinessReport } from './readiness.ts'
import { Service, type ServiceAddresses } from './service.ts'
import { tlsProblems } from './tls-material.ts'

/** What a running service needs of its process. */
export interface RunningServiceOptions {
  readonly snapshot: ConfigSnapshot
  /** Set where the configuration says `sandbox:`. */
  readonly embedded: EmbeddedUpstream | undefined
  readonly log: Log
  readonly metrics: Metrics
  /** This process is one of several: another has the admin listener, and writes what comes here. */
  readonly auditDescriptor?: number
  /** The number of this process among several, from 1. */
  readonly worker?: number
  /** Needed where a listener is of kind `egress`. */
  readonly openEgress?: OpenEgress
}

/** How a service has stopped. */
export interface DrainReport {
  /** All requests ended before the deadline. */
  readonly inTime: boolean
  /** Audit lines that are missing. */
  readonly lostLines: number
}

/** A configuration that could take over: exactly one of the two is called. */
export interface PreparedSwap {
  commit(): void
  abandon(): Promise<void>
}

/** One process' service with its audit: opened from a snapshot, changed to another, drained. */
export class RunningService {
  readonly #options: RunningServiceOptions
  readonly #service: Service
  readonly #audit: AuditLog

  private constructor(options: RunningServiceOptions, service: Service, audit: AuditLog) {
    this.#options = options
    this.#service = service
    this.#audit = audit
  }

  /** Opens everything but the listeners; what cannot be had is told with the setting's path. */
  static async open(
    options: RunningServiceOptions,
  ): Promise<Result<RunningService, ConfigProblem>> {
    const { snapshot, embedded, log, metrics, auditDescriptor } = options
    const { config } = snapshot
    const [tlsProblem] = tlsProblems(config, snapshot.files)
    if (tlsProblem !== undefined) return failure(tlsProblem)
    const destination =
      auditDescriptor === undefined ? config.audit.destination : { descriptor: auditDescriptor }
    const evidence = evidenceOptions(config, options.worker ?? 1)
    const isElsewhere = auditDescriptor !== undefined && evidence?.directory === undefined
    const audit = await openAudit(
      { destination, evidence: isElsewhere ? undefined : evidence },
      log,
    )
    if (!audit.ok) return audit
    const upstream = await openUpstream({ config, embedded, ca: upstreamCa(snapshot), log })
    if (!upstream.ok) {
      await audit.value.close()
      return upstream
    }
    const tracing = hasTraceProvider() ? openTracing() : undefined
    const telemetry = { metrics, audit: audit.value, log, tracing }
    const service = new Service(config, upstream.value, telemetry, {
      files: snapshot,
      hasAdmin: auditDescriptor === undefined,
      ...(options.openEgress === undefined ? {} : { openEgress: options.openEgress }),
    })
    return ok(new RunningService(options, service, audit.value))
  }

  /** Binds the listeners; on failure none is bound, and everything is closed. */
  async listen(): Promise<Result<ServiceAddresses, ConfigProblem>> {
    try {
      return ok(await this.#service.listen())
    } catch (error) {
      await this.#service.upstream.close()
      await this.#audit.close()
      if (error instanceof ListenError) return failure(error.problem)
      throw error
    }
  }

  /**
   * Opens what the snapshot needs and changes nothing yet. `keepsUpstream`: nothing about the upstream
   * has changed, its connections and credentials serve on.
   */
  async prepare(
    snapshot: ConfigSnapshot,
    keepsUpstream: boolean,
  ): Promise<Result<PreparedSwap, readonly ConfigProblem[]>> {
    const { config } = snapshot
    const problems = tlsProblems(config, snapshot.files)
    if (problems.length > 0) return failure(problems)
    const upstream = keepsUpstream ? ok(this.#service.upstream) : await this.#reopen(snapshot)
    if (!upstream.ok) return failure([upstream.error])
    return ok({
      commit: () => {
        this.#service.swap(config, upstream.value, snapshot)
        this.#audit.noteReload(hashPolicy(config.policy))
      },
      abandon: async () => {
        if (!keepsUpstream) await upstream.value.close()
      },
    })
  }

  /** Opens the audit file anew, after a rotation. */
  reopenAudit(): Promise<void> {
    return reopenAudit(this.#audit, this.#options.log)
  }

  readiness(): Promise<ReadinessReport> {
    return this.#service.readiness()
  }

  /** Writes into the audit what became of the configuration. */
  recordConfiguration(event: ConfigurationEvent): void {
    this.#audit.writeConfiguration(event)
  }

  /** `last`: gives the audit's last line; undefined if another process writes it. */
  async drain(last?: () => ConfigurationEvent): Promise<DrainReport> {
    const inTime = await this.#service.drain(() => {
      if (last !== undefined) this.#audit.writeConfiguration(last())
    })
    return { inTime, lostLines: this.#audit.lostLines }
  }

  /** Another process cannot write the audit, or can again: new requests are refused, or not. */
  holdAudit(isHeld: boolean): void {
    this.#audit.hold(isHeld)
  }

  /** For the last moment of a process that ends at once. */
  flushAudit(): void {
    this.#audit.flushSync()
  }

  #reopen(snapshot: ConfigSnapshot): Promise<Result<Upstream, ConfigProblem>> {
    const { embedded, log } = this.#options
    return openUpstream({ config: snapshot.config, embedded, ca: upstreamCa(snapshot), log })
  }
}

/** The text of `upstream.caFile`. */
export function upstreamCa({ config, files }: ConfigSnapshot): string | undefined {
  const { caFile } = config.upstream
  return caFile === undefined ? undefined : files.get(caFile)
}
