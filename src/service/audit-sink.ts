import { request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { settledWithin } from '../base/settled-within.ts'
import type { AuditSinkConfig } from '../config/config.ts'
import type { LineForwarder } from '../telemetry/line-forwarder.ts'
import type { Log } from '../telemetry/log.ts'
import { buildBatch, countRejected } from './sink-batch.ts'

/** Lines that wait; beyond, new ones are given up. */
const SPOOL_BYTES_MAX = 16 * 1024 * 1024
const BATCH_BYTES_MAX = 512 * 1024
const BATCH_LINES_MAX = 1000
/** For lines to come together. */
const GATHER_MS = 500
const ANSWER_MS = 10_000
const ANSWER_BYTES_MAX = 64 * 1024
const PAUSE_MS_MAX = 30_000

/** How a batch was received. */
type Delivery =
  | { readonly kind: 'taken'; readonly rejected: number }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'failed'; readonly cause: string }

/**
 * Sends copies of audit lines to one place, in order, a batch at a time. What does not get through is sent
 * again, later and later; what the receiver refuses for good (4xx), and what finds the spool full, is given
 * up, counted, and told of in a line of its own that goes out first afterwards.
 */
export class AuditSink implements LineForwarder {
  readonly #config: AuditSinkConfig
  /** For the log: a path or a query may hold a secret. */
  readonly #host: string
  readonly #log: Log
  readonly #spoolBytesMax: number
  #spool: string[] = []
  #bytes = 0
  #undelivered = 0
  /** Of those, how many no line has told of yet. */
  #untold = 0
  #isFailing = false
  #isClosing = false
  #running: Promise<void> | undefined
  #wake: () => void = () => undefined

  constructor(config: AuditSinkConfig, log: Log, spoolBytesMax = SPOOL_BYTES_MAX) {
    this.#config = config
    this.#host = new URL(config.url).host
    this.#log = log
    this.#spoolBytesMax = spoolBytesMax
  }

  get undeliveredLines(): number {
    return this.#undelivered
  }

  push(line: string): void {
    const bytes = Buffer.byteLength(line)
    if (this.#isClosing || this.#bytes + bytes > this.#spoolBytesMax) {
      this.#giveUp(1)
      return
    }
    this.#spool.push(line)
    this.#bytes += bytes
    this.#running ??= this.#run()
  }

  async close(deadlineMs: number): Promise<void> {
    this.#wake()
    if (this.#running !== undefined) await settledWithin(this.#running, deadlineMs)
    this.#isClosing = true
    this.#giveUp(this.#spool.length)
    this.#spool = []
    this.#wake()
  }

  /** Until nothing is left. */
  async #run(): Promise<void> {
    await this.#pause(GATHER_MS)
    for (let failures = 0; this.#spool.length > 0; ) {
      const lines = this.#nextBatch()
      const delivery = await this.#send(lines)
      if (this.#isClosing) return
      if (delivery.kind === 'failed') {
        this.#tellFailure(delivery.cause)
        await this.#pause(Math.min(PAUSE_MS_MAX, 2 ** failures * 1000) * (0.5 + Math.random() / 2))
        failures = Math.min(failures + 1, 5)
        continue
      }
      failures = 0
      this.#take(lines, delivery)
    }
    this.#running = undefined
  }

  #nextBatch(): readonly string[] {
    let bytes = 0
    let count = 0
    for (; count < this.#spool.length && count < BATCH_LINES_MAX; count++) {
      bytes += Buffer.byteLength(this.#spool[count] ?? '')
      if (count > 0 && bytes > BATCH_BYTES_MAX) break
    }
    return this.#spool.slice(0, count)
  }

  #take(lines: readonly string[], delivery: Exclude<Delivery, { kind: 'failed' }>): void {
    this.#spool = this.#spool.slice(lines.length)
    for (const line of lines) this.#bytes -= Buffer.byteLength(line)
    if (delivery.kind === 'refused') {
      this.#tellFailure(`status ${delivery.status}`)
      this.#giveUp(lines.length)
      return
    }
    this.#untold = 0
    if (delivery.rejected > 0) this.#giveUp(delivery.rejected)
    if (this.#isFailing) this.#log.info({ sink: this.#host }, 'audit lines are delivered again')
    this.#isFailing = false
  }

  #giveUp(count: number): void {
    this.#undelivered += count
    this.#untold += count
  }

  /** Once, until it works again. */
  #tellFailure(cause: string): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#log.warn({ sink: this.#host, cause }, 'audit lines cannot be delivered to a sink')
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #send(lines: readonly string[]): Promise<Delivery> {
    const { kind, url, token, ca } = this.#config
    const told = this.#untold === 0 ? lines : [undeliveredLine(this.#untold), ...lines]
    const { contentType, body } = buildBatch(kind, told)
    const options: RequestOptions & { ca?: string } = {
      method: 'POST',
      headers: {
        'content-type': contentType,
        'content-length': body.length,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(ca === undefined ? {} : { ca }),
      timeout: ANSWER_MS,
      signal: AbortSignal.timeout(ANSWER_MS),
    }
    return new Promise((resolve) => {
      const fail = (error: Error): void => resolve({ kind: 'failed', cause: error.message })
      const send = url.startsWith('https:') ? httpsRequest : httpRequest
      const request = send(url, options, (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (part: string) => {
          text += part
          if (text.length > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'))
        })
        answer.on('error', fail)
        answer.on('end', () => resolve(deliveryOf(kind, answer.statusCode ?? 0, text)))
      })
      request.on('error', fail)
      request.end(body)
    })
  }
}

function deliveryOf(kind: AuditSinkConfig['kind'], status: number, text: string): Delivery {
  if (status >= 200 && status < 300) {
    return { kind: 'taken', rejected: kind === 'otlp' ? countRejected(text) : 0 }
  }
  const isPassing = status >= 500 || status === 408 || status === 429
  // 401, 403 and 404 are a configuration that somebody mends.
  const isMendable = status === 401 || status === 403 || status === 404
  if (isPassing || isMendable) return { kind: 'failed', cause: `status ${status}` }
  return { kind: 'refused', status }
}

function undeliveredLine(lines: number): string {
  const time = new Date().toISOString()
  return `{"time":"${time}","record":"undelivered","type":"sealgate.audit","schema":1,"lines":${lines}}\n`
}
