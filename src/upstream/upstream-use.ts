import type { Log } from '../telemetry/log.ts'
import type { Upstream } from './upstream.ts'

/**
 * An upstream with the number of exchanges that use it. Once retired, it is closed (connections,
 * credentials) when the last of them has ended.
 */
export class UpstreamUse {
  readonly upstream: Pick<Upstream, 'close'>
  readonly #log: Pick<Log, 'warn'>
  #exchanges = 0
  #isRetired = false
  #markClosed: () => void = () => undefined
  readonly #closed = new Promise<void>((resolve) => {
    this.#markClosed = resolve
  })

  constructor(upstream: Pick<Upstream, 'close'>, log: Pick<Log, 'warn'>) {
    this.upstream = upstream
    this.#log = log
  }

  enter(): void {
    this.#exchanges++
  }

  leave(): void {
    this.#exchanges--
    if (this.#exchanges === 0 && this.#isRetired) this.#close()
  }

  /** No more exchanges will use it; resolves when the upstream is closed. */
  retire(): Promise<void> {
    if (!this.#isRetired) {
      this.#isRetired = true
      if (this.#exchanges === 0) this.#close()
    }
    return this.#closed
  }

  #close(): void {
    this.upstream.close().then(this.#markClosed, (err: unknown) => {
      this.#log.warn({ err }, 'the connections of an old configuration did not close')
      this.#markClosed()
    })
  }
}
