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
import { openAudit, openSinks, reopenAudit } from './open-audit.ts'
import type { ReadinessReport } from './readiness.ts'
import { Service, type ServiceAddresses } from './service.ts'
import { tlsProblems } from './tls-material.ts'

/** The inputs of a running service. */
export interface RunningServiceOptions {
  readonly snapshot: ConfigSnapshot
  /** Set if the configuration has `sandbox:`. */
  readonly embedded: EmbeddedUpstream | undefined
  readonly log: Log
  readonly metrics: Metrics
  /**
   * Set if this process is one of several: another has the admin listener, and writes the lines
   * sent here.
   */
  readonly auditDescriptor?: number
  /** The number of this process among several, from 1. */
  readonly worker?: number
  /** Required if a listener has kind `egress`. */
  readonly openEgress?: OpenEgress
}

/** The result of a drain. */
export interface DrainReport {
  /** Whether all requests ended before the deadline. */
  readonly inTime: boolean
  /** The number of missing audit lines. */
  readonly lostLines: number
}

/** A configuration that is ready to take over; call exactly one of the two. */
export interface PreparedSwap {
  commit(): void
  abandon(): Promise<void>
}

/**
 * The service of one process with its audit log: opened from a snapshot, changed to another,
 * drained.
 */
export class RunningService {
  readonly #options: RunningServiceOptions
  readonly #service: Service
  readonly #audit: AuditLog

  private constructor(options: RunningServiceOptions, service: Service, audit: AuditLog) {
    this.#options = options
    this.#service = service
    this.#audit = audit
  }

  /** Opens everything except the listeners; a problem names the setting's path. */
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
      {
        destination,
        evidence: isElsewhere ? undefined : evidence,
        forwarders: isElsewhere ? [] : openSinks(config, log),
      },
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
   * Opens the snapshot's resources and changes nothing yet. `keepsUpstream`: the upstream is
   * unchanged, so its connections and credentials stay in use.
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

  /** Reopens the audit file, after a rotation. */
  reopenAudit(): Promise<void> {
    return reopenAudit(this.#audit, this.#options.log)
  }

  readiness(): Promise<ReadinessReport> {
    return this.#service.readiness()
  }

  /** Writes the result of loading or reloading a configuration into the audit log. */
  recordConfiguration(event: ConfigurationEvent): void {
    this.#audit.writeConfiguration(event)
  }

  /** `last` returns the last line of the audit log; undefined if another process writes it. */
  async drain(last?: () => ConfigurationEvent): Promise<DrainReport> {
    const inTime = await this.#service.drain(() => {
      if (last !== undefined) this.#audit.writeConfiguration(last())
    })
    return { inTime, lostLines: this.#audit.lostLines }
  }

  /** Refuses new requests while another process cannot write the audit log. */
  holdAudit(isHeld: boolean): void {
    this.#audit.hold(isHeld)
  }

  /** Called at the last moment of a process that ends immediately. */
  flushAudit(): void {
    this.#audit.flushSync()
  }

  #reopen(snapshot: ConfigSnapshot): Promise<Result<Upstream, ConfigProblem>> {
    const { embedded, log } = this.#options
    return openUpstream({ config: snapshot.config, embedded, ca: upstreamCa(snapshot), log })
  }
}

/** Returns the text of `upstream.caFile`. */
export function upstreamCa({ config, files }: ConfigSnapshot): string | undefined {
  const { caFile } = config.upstream
  return caFile === undefined ? undefined : files.get(caFile)
}
