import { connect } from 'node:net'
import type { UpstreamEndpoint } from '../config/config.ts'
import type { Generation } from '../proxy/generation.ts'

/** What `/readyz` says: each part by name, `ok` or what is wrong with it. */
export interface ReadinessReport {
  /** Requests should be sent here. */
  readonly ready: boolean
  /** Requests are taken, and S3 is out of reach or credentials for it are missing. */
  readonly degraded: boolean
  /** `configuration`, `credentials`, `upstream`, `drain`; over several processes also `workers`. */
  readonly parts: Readonly<Record<string, string>>
  /** Where several processes share the listeners: how many should serve, and how many do. */
  readonly workers?: { readonly wanted: number; readonly serving: number }
}

/** How long an answer about the upstream holds, so that probes do not become load. */
const HOLDS_MS = 5_000

const CONNECT_MS = 2_000

/** The parts that depend on others than this program. */
const OUTSIDE = ['credentials', 'upstream'] as const

/**
 * Knows whether this process should be sent requests. What is outside fails for all replicas at once: if
 * none were ready then, clients would get no connection instead of an answer that says why, and the
 * application beside a sidecar would leave its Services. It counts only if the configuration says so.
 */
export class Readiness {
  readonly #generation: () => Generation
  #isDraining = false
  #isOutOfReach: boolean | undefined
  #reachable:
    | {
        readonly at: number
        readonly endpoint: UpstreamEndpoint
        readonly answer: Promise<string>
      }
    | undefined

  constructor(generation: () => Generation) {
    this.#generation = generation
  }

  /** From now on not ready: the process is about to stop. */
  drain(): void {
    this.#isDraining = true
  }

  /** Asks each part. The upstream is reachable where a TCP connection to it can be made. */
  async report(): Promise<ReadinessReport> {
    const { config, upstream } = this.#generation()
    const credentials = upstream.credentials() === undefined ? 'none that are valid' : 'ok'
    const drain = this.#isDraining ? 'stopping' : 'ok'
    // Who stops is not asked what else is wrong, and answers at once.
    const reachable = this.#isDraining ? 'ok' : await this.#reach(upstream.endpoint)
    const parts = { configuration: 'ok', credentials, upstream: reachable, drain }
    const degraded = OUTSIDE.some((part) => parts[part] !== 'ok')
    const counts = config.admin?.readiness === 'upstream'
    return { ready: drain === 'ok' && !(degraded && counts), degraded, parts }
  }

  /**
   * Which of what is outside is out of order, as far as is known now; what is not known is asked for, so
   * that a later call knows it.
   */
  degraded(): ReadonlyMap<string, boolean> {
    const { upstream } = this.#generation()
    const known = new Map([['credentials', upstream.credentials() === undefined]])
    if (this.#isDraining) return known
    this.#reach(upstream.endpoint).catch(() => undefined)
    if (this.#isOutOfReach !== undefined) known.set('upstream', this.#isOutOfReach)
    return known
  }

  #reach(endpoint: UpstreamEndpoint): Promise<string> {
    const now = performance.now()
    const known = this.#reachable
    if (known !== undefined && known.endpoint === endpoint && now - known.at <= HOLDS_MS) {
      return known.answer
    }
    const answer = tryConnect(endpoint).then((word) => {
      this.#isOutOfReach = word !== 'ok'
      return word
    })
    this.#reachable = { at: now, endpoint, answer }
    return answer
  }
}

function tryConnect({ hostname, port }: UpstreamEndpoint): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port, timeout: CONNECT_MS })
    const end = (answer: string): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => end('ok'))
    socket.on('timeout', () => end(`no connection to ${hostname}:${port} in ${CONNECT_MS} ms`))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(`cannot connect to ${hostname}:${port}: ${error.code ?? error.message}`),
    )
  })
}
