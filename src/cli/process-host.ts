import type { Result } from '../base/result.ts'
import type { ConfigProblem } from '../config/config.ts'
import type { ConfigSnapshot } from '../service/config-snapshot.ts'
import type { DrainReport } from '../service/running-service.ts'
import type { ServiceAddresses } from '../service/service.ts'
import type { ConfigurationEvent } from '../telemetry/configuration-event.ts'

/** The service that `serve` controls, in this process or in several. */
export interface ProcessHost {
  /** Opens the listeners; on failure returns the problem, and no listener is open. */
  start(): Promise<Result<ServiceAddresses, ConfigProblem>>
  /** Applies the snapshot completely; or changes nothing and returns the problems. */
  apply(next: ConfigSnapshot, keepsUpstream: boolean): Promise<readonly ConfigProblem[]>
  reopenAudit(): Promise<void>
  /** Writes the result of loading or reloading a configuration into the audit log. */
  recordConfiguration(event: ConfigurationEvent): void
  /** `last` returns the last line of the audit log. */
  drain(last: () => ConfigurationEvent): Promise<DrainReport>
  /** Called at the last moment of a process that ends immediately. */
  quit(): void
}
