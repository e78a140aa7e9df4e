import { connect } from 'node:net'
import type { UpstreamEndpoint } from '../config/config.ts'
import type { Generation } from '../proxy/generation.ts'

/** What `/readyz` says: each part by name, `ok` or what is wrong with it. */
export interface ReadinessReport {
  readonly ready: boolean
  /** `configuration`, `credentials`, `upstream`, `drain`; over several processes also `workers`. */
  readonly parts: Readonly<Record<string, string>>
  /** Where several processes share the listeners: how many should serve, and how many do. */
  readonly workers?: { readonly wanted: number; readonly serving: number }
}

/** How long an answer about the upstream holds, so that probes do not become load. */
const HOLDS_MS = 5_000

const CONNECT_MS = 2_000

/** Knows whether this process should be sent requests. */
export class Readiness {
  readonly #generation: () => Generation
  #isDraining = false
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
    const { upstream } = this.#generation()
    const credentials = upstream.credentials() === undefined ? 'none that are valid' : 'ok'
    const drain = this.#isDraining ? 'stopping' : 'ok'
    // Who stops is not asked what else is wrong, and answers at once.
    const reachable = this.#isDraining ? 'ok' : await this.#reach(upstream.endpoint)
    const parts = { configuration: 'ok', credentials, upstream: reachable, drain }
    return { ready: Object.values(parts).every((part) => part === 'ok'), parts }
  }

  #reach(endpoint: UpstreamEndpoint): Promise<string> {
    const now = performance.now()
    const known = this.#reachable
    if (known !== undefined && known.endpoint === endpoint && now - known.at <= HOLDS_MS) {
      return known.answer
    }
    const answer = tryConnect(endpoint)
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
