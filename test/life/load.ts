import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import aws4 from 'aws4'
import { CLIENT, REGION } from '../support/rig.ts'

/** One request of the load that got its whole answer. */
export interface LoadAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** How a load went. */
export interface LoadReport {
  readonly answers: number
  /** Answers with another status than 200. */
  readonly refusals: readonly string[]
  /** Requests without a whole answer. */
  readonly lost: readonly string[]
}

/** Uploads and reads over kept connections, each loop one after the other. */
export class Load {
  readonly #port: number
  readonly #stopsAtClose: boolean
  readonly #loops: Promise<void>[] = []
  readonly #refusals: string[] = []
  readonly #lost: string[] = []
  #answers = 0
  #isStopping = false
  #watchers: { readonly at: number; readonly reached: () => void }[] = []

  /** `stopsAtClose`: a loop that is told `Connection: close` ends, as under a load balancer. */
  constructor(port: number, options: { readonly loops: number; readonly stopsAtClose?: boolean }) {
    this.#port = port
    this.#stopsAtClose = options.stopsAtClose ?? false
    for (let i = 0; i < options.loops; i++) this.#loops.push(this.#loop(i))
  }

  /** Waits until that many more requests have been answered. */
  more(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push({ at: this.#answers + count, reached: resolve })
    })
  }

  /** Waits for the loops to end by themselves. */
  async ended(): Promise<LoadReport> {
    await Promise.all(this.#loops)
    return { answers: this.#answers, refusals: this.#refusals, lost: this.#lost }
  }

  /** Ends the loops. */
  stop(): Promise<LoadReport> {
    this.#isStopping = true
    return this.ended()
  }

  async #loop(number: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    let stored: string | undefined
    for (let i = 0; !this.#isStopping; i++) {
      // A read of what has just been stored, then the next upload.
      const answer =
        stored === undefined
          ? await this.#try('PUT', `/bucket/load-${number}-${i}`, agent)
          : await this.#try('GET', stored, agent)
      stored =
        stored === undefined && answer?.status === 200 ? `/bucket/load-${number}-${i}` : undefined
      if (this.#stopsAtClose && answer?.headers.connection === 'close') break
    }
    agent.destroy()
  }

  /** Undefined where there is no whole answer. */
  async #try(method: string, path: string, agent: Agent): Promise<LoadAnswer | undefined> {
    const body = method === 'PUT' ? Buffer.from(`body of ${path}`) : undefined
    try {
      const answer = await ask(this.#port, method, path, body, agent)
      if (answer.status !== 200) this.#refusals.push(`${answer.status} ${answer.text}`)
      this.#countAnswer()
      return answer
    } catch (error) {
      this.#lost.push(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  #countAnswer(): void {
    this.#answers++
    const reached = this.#watchers.filter(({ at }) => at <= this.#answers)
    if (reached.length === 0) return
    this.#watchers = this.#watchers.filter(({ at }) => at > this.#answers)
    for (const watcher of reached) watcher.reached()
  }
}

/** Sends one request, signed by aws4. */
export function ask(
  port: number,
  method: string,
  path: string,
  body?: Buffer,
  agent: Agent | false = false,
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string } = CLIENT,
): Promise<LoadAnswer> {
  const signed = signHead(port, method, path, body?.length, keys)
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers: signed, agent }
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, text: Buffer.concat(chunks).toString() })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Signs a head for a body that is not hashed. */
export function signHead(
  port: number,
  method: string,
  path: string,
  length: number | undefined,
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string } = CLIENT,
): Record<string, string> {
  const host = `127.0.0.1:${port}`
  const headers: Record<string, string> = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  if (length !== undefined) headers['content-length'] = String(length)
  const signed = aws4.sign({ service: 's3', region: REGION, method, path, headers, host }, keys)
  for (const [name, value] of Object.entries(signed.headers ?? {})) headers[name] = String(value)
  return headers
}
