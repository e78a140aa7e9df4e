import type { Result } from '../base/result.ts'
import type { ConfigProblem } from '../config/config.ts'
import type { ConfigSnapshot } from '../service/config-snapshot.ts'
import type { DrainReport } from '../service/running-service.ts'
import type { ServiceAddresses } from '../service/service.ts'
import type { ConfigurationEvent } from '../telemetry/configuration-event.ts'

/** What `serve` drives: the service in this process, or in several. */
export interface ProcessHost {
  /** Listens; or says what keeps it from that, and then nothing listens. */
  start(): Promise<Result<ServiceAddresses, ConfigProblem>>
  /** Puts the snapshot to work as a whole; or changes nothing and says what stands in the way. */
  apply(next: ConfigSnapshot, keepsUpstream: boolean): Promise<readonly ConfigProblem[]>
  reopenAudit(): Promise<void>
  /** Writes into the audit what became of the configuration. */
  recordConfiguration(event: ConfigurationEvent): void
  /** `last`: gives the audit's last line. */
  drain(last: () => ConfigurationEvent): Promise<DrainReport>
  /** The last moment of a process that ends at once. */
  quit(): void
}
