import { connect } from 'node:net'
import type { UpstreamEndpoint } from '../config/config.ts'
import type { Generation } from '../proxy/generation.ts'

/** The answer of `/readyz`: each part by name, with `ok` or its problem. */
export interface ReadinessReport {
  /** Whether requests should be sent here. */
  readonly ready: boolean
  /** Requests are accepted, but S3 is unreachable or valid credentials are missing. */
  readonly degraded: boolean
  /** `configuration`, `credentials`, `upstream`, `drain`; with several processes also `workers`. */
  readonly parts: Readonly<Record<string, string>>
  /** If several processes share the listeners: how many should serve, and how many do. */
  readonly workers?: { readonly wanted: number; readonly serving: number }
}

/** How long a result about the upstream is cached, so that probes do not become load. */
const HOLDS_MS = 5_000

const CONNECT_MS = 2_000

/** The parts that depend on other systems. */
const OUTSIDE = ['credentials', 'upstream'] as const

/**
 * Decides whether this process should get requests. Other systems fail for all replicas at once. If
 * that made all of them unready, clients would get no connection instead of an answer with the
 * reason, and an application with a sidecar would leave its Services. They therefore only count if
 * the configuration says so.
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

  /** Makes the process unready: it is about to stop. */
  drain(): void {
    this.#isDraining = true
  }

  /** Checks each part. The upstream is reachable if a TCP connection can be opened. */
  async report(): Promise<ReadinessReport> {
    const { config, upstream } = this.#generation()
    const credentials = upstream.credentials() === undefined ? 'none that are valid' : 'ok'
    const drain = this.#isDraining ? 'stopping' : 'ok'
    // A stopping process skips the other checks and answers at once.
    const reachable = this.#isDraining ? 'ok' : await this.#reach(upstream.endpoint)
    const parts = { configuration: 'ok', credentials, upstream: reachable, drain }
    const degraded = OUTSIDE.some((part) => parts[part] !== 'ok')
    const counts = config.admin?.readiness === 'upstream'
    return { ready: drain === 'ok' && !(degraded && counts), degraded, parts }
  }

  /**
   * Returns which outside parts have failed, as far as it is known. Starts a check for unknown
   * ones, so that a later call knows them.
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
