import type { Result } from '../base/result.ts'
import type { ConfigProblem } from '../config/config.ts'
import type { ConfigSnapshot } from '../service/config-snapshot.ts'
import {
  type DrainReport,
  RunningService,
  type RunningServiceOptions,
} from '../service/running-service.ts'
import type { ServiceAddresses } from '../service/service.ts'
import type { ConfigurationEvent } from '../telemetry/configuration-event.ts'
import type { ProcessHost } from './process-host.ts'

/** The service in this process only. */
export class OneProcess implements ProcessHost {
  readonly #options: RunningServiceOptions
  #running: RunningService | undefined

  constructor(options: RunningServiceOptions) {
    this.#options = options
  }

  async start(): Promise<Result<ServiceAddresses, ConfigProblem>> {
    const opened = await RunningService.open(this.#options)
    if (!opened.ok) return opened
    this.#running = opened.value
    return this.#running.listen()
  }

  async apply(next: ConfigSnapshot, keepsUpstream: boolean): Promise<readonly ConfigProblem[]> {
    const prepared = await this.#started.prepare(next, keepsUpstream)
    if (!prepared.ok) return prepared.error
    prepared.value.commit()
    return []
  }

  reopenAudit(): Promise<void> {
    return this.#started.reopenAudit()
  }

  recordConfiguration(event: ConfigurationEvent): void {
    this.#started.recordConfiguration(event)
  }

  drain(last: () => ConfigurationEvent): Promise<DrainReport> {
    return this.#started.drain(last)
  }

  quit(): void {
    this.#running?.flushAudit()
  }

  get #started(): RunningService {
    if (this.#running === undefined) throw new Error('the service has not been started')
    return this.#running
  }
}
