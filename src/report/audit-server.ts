import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { type NoteVerifier, verifierKeyText } from '../evidence/note.ts'
import type { AnchoredNote } from '../trail/anchor-folder.ts'
import { proveLine } from '../trail/prove.ts'
import { isSealed } from '../trail/verify-trail.ts'
import { findObject } from './find-object.ts'
import { formatCsv } from './format-csv.ts'
import { formatHtml, REPORT_PAGE_POLICY } from './format-html.ts'
import { formatJson } from './format-json.ts'
import { objectPage, servedParts } from './object-page.ts'
import { readReport } from './read-report.ts'
import type { Report } from './report.ts'
import { periodWords, readServedPeriod, type ServedPeriod } from './served-period.ts'

/** What a server of reports needs. */
interface AuditServerOptions {
  readonly paths: readonly string[]
  /** Empty: signatures are not verified. */
  readonly verifiers: readonly NoteVerifier[]
  readonly anchor: readonly AnchoredNote[] | undefined
  /** As the report names it. */
  readonly command: string
  /** Default: the system's clock. */
  readonly nowMs?: () => number
}

/** A report is made anew after this time, and not before. */
const KEPT_MS = 60_000
/** Reports that are kept, each of another period. */
const KEPT_MAX = 4
/** Requests that wait until the trail can be read; each reads all of it. */
const WAITING_MAX = 8
const REQUEST_TIMEOUT_MS = 10_000
const CONNECTIONS_MAX = 100
const NAME_CHARS_MAX = 4096

const TYPES = {
  html: 'text/html; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  json: 'application/json',
} as const

/** An answer of the server. */
interface Page {
  readonly status: number
  readonly type: keyof typeof TYPES
  readonly text: string
  /** The name to save it under. */
  readonly file?: string
}

/**
 * Shows reports of trails to people: GET and HEAD only, no state, no script. One request at a time
 * reads the trail. Names of other hosts are refused, so that a page of another site cannot make a
 * browser read it (DNS rebinding).
 */
export class AuditServer {
  readonly #options: AuditServerOptions
  readonly #nowMs: () => number
  readonly #server: Server
  #host = ''
  #queue: Promise<unknown> = Promise.resolve()
  #waiting = 0
  /** By the name of the period, the newest last. */
  readonly #kept = new Map<string, { readonly report: Report; readonly atMs: number }>()

  constructor(options: AuditServerOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /** Binds; returns the port. Rejects with the system's error. */
  async listen(host: string, port: number): Promise<number> {
    this.#host = host
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    const address = this.#server.address()
    return isAddressInfo(address) ? address.port : port
  }

  /** Closes all connections at once. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, text, file } = await this.#answer(request)
    response.writeHead(status, {
      'content-type': TYPES[type],
      'content-length': Buffer.byteLength(text),
      'content-security-policy': REPORT_PAGE_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      ...(file === undefined ? {} : { 'content-disposition': `attachment; filename="${file}"` }),
      ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      ...(status === 503 ? { 'retry-after': '5' } : {}),
    })
    response.end(text)
  }

  async #answer({ method, url = '', headers }: IncomingMessage): Promise<Page> {
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET and HEAD only\n')
    if (!isServedHost(headers.host, this.#host)) return plain(403, 'this host is not served\n')
    const [path, query = ''] = url.split('?', 2)
    const parameters = new URLSearchParams(query)
    switch (path) {
      case '/':
        return this.#withReport(parameters, (report, period) => ({
          status: 200,
          type: 'html',
          text: formatHtml(report, undefined, {
            about: periodWords(period),
            top: servedParts(period, this.#nowMs()),
          }),
        }))
      case '/report.csv':
        return this.#withReport(parameters, (report, period) =>
          download('csv', formatCsv(report, undefined), period),
        )
      case '/report.json':
        return this.#withReport(parameters, (report, period) =>
          download('json', formatJson(report, undefined), period),
        )
      case '/vkey':
        return plain(
          200,
          this.#options.verifiers.map((key) => `${verifierKeyText(key)}\n`).join(''),
        )
      case '/object':
        return this.#showObject(parameters)
      case '/proof':
        return this.#prove(parameters.get('requestId') ?? '')
      default:
        return plain(404, 'see /, /report.csv, /report.json, /object, /proof, /vkey\n')
    }
  }

  async #withReport(
    parameters: URLSearchParams,
    show: (report: Report, period: ServedPeriod) => Page,
  ): Promise<Page> {
    const period = readServedPeriod(parameters.get('period') ?? '', this.#nowMs())
    if (period === undefined) {
      return plain(400, 'period is 1d, 7d, 30d, or a month that has begun, YYYY-MM\n')
    }
    return this.#inTurn(async () => show(await this.#report(period), period))
  }

  async #report(period: ServedPeriod): Promise<Report> {
    const { name, from, to } = period
    const nowMs = this.#nowMs()
    const kept = this.#kept.get(name)
    if (kept !== undefined && nowMs - kept.atMs < KEPT_MS) return kept.report
    const { paths, verifiers, anchor, command } = this.#options
    const report = await readReport({ paths, from, to, verifiers, anchor, command, nowMs })
    this.#kept.delete(name)
    this.#kept.set(name, { report, atMs: this.#nowMs() })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest)
    return report
  }

  async #showObject(parameters: URLSearchParams): Promise<Page> {
    const bucket = parameters.get('bucket') ?? ''
    const key = parameters.get('key') ?? ''
    const versionId = parameters.get('versionId') || undefined
    const longest = Math.max(bucket.length, key.length, versionId?.length ?? 0)
    if (bucket === '' || key === '' || longest > NAME_CHARS_MAX) {
      return plain(400, 'name a bucket and a key\n')
    }
    return this.#inTurn(async () => {
      const name = { bucket, key, versionId }
      const history = await findObject(this.#options.paths, name)
      const isFound = history.lines.items.length > 0
      return { status: isFound ? 200 : 404, type: 'html', text: objectPage(name, history) }
    })
  }

  async #prove(requestId: string): Promise<Page> {
    if (!/^[A-Za-z0-9]{1,64}$/.test(requestId)) return plain(400, 'name a request\n')
    return this.#inTurn(async () => {
      for (const path of this.#options.paths.filter(isSealed)) {
        const text = await proveLine(path, { kind: 'request', requestId })
        if (text === undefined) continue
        return { status: 200, type: 'text', text, file: `${requestId}.tlog-proof` }
      }
      return plain(404, 'no sealed line is of that request\n')
    })
  }

  /** Runs the work after the one before it; refuses if too many wait. */
  async #inTurn(work: () => Promise<Page>): Promise<Page> {
    if (this.#waiting >= WAITING_MAX) return plain(503, 'the trail is being read: try again\n')
    this.#waiting++
    const turn = this.#queue.then(work).catch((error: unknown) => {
      // What the file system says names paths of the machine, which readers of the page see anyway.
      const why = error instanceof Error ? error.message : String(error)
      return plain(500, `the trail cannot be read: ${why}\n`)
    })
    this.#queue = turn
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }
}

function plain(status: number, text: string): Page {
  return { status, type: 'text', text }
}

function download(type: 'csv' | 'json', text: string, { name }: ServedPeriod): Page {
  const about = name === '' ? '' : `-${name}`
  return { status: 200, type, text, file: `sealgate-report${about}.${type}` }
}

/** An address, localhost, or the name that was given to listen on. */
function isServedHost(header: string | undefined, own: string): boolean {
  const [, literal, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(header ?? '') ?? []
  if (literal !== undefined) return isIP(literal) === 6
  return isIP(name) === 4 || name === 'localhost' || (name !== '' && name === own)
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}
