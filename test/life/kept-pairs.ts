import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { KEY } from '../support/rig.ts'

/** What a download is like. `chunked`: without a length. `missing`: an answer of Sealgate's own. */
export type Download =
  | { readonly kind: 'length' | 'chunked'; readonly bytes: number }
  | { readonly kind: 'missing' }

/** How the pairs of one connection after the other went. */
export interface PairsReport {
  readonly whole: number
  /** What became of the others: which answer was missing, and how the connection ended. */
  readonly cut: readonly string[]
}

const UPLOAD_BYTES = 60_000

/** An S3 that answers GET with as many bytes as the key says and confirms each PUT. */
export async function startPlainS3(): Promise<{ readonly port: number; close(): void }> {
  const server: Server = createServer((request, response) => {
    const [, kind = '', bytes = '0'] = /\/([a-z]+)-(\d+)$/.exec(request.url ?? '') ?? []
    if (request.method === 'GET') {
      const body = Buffer.alloc(Number(bytes), 'x')
      if (kind === 'length') response.setHeader('content-length', body.length)
      response.write(body.subarray(0, body.length / 2))
      response.end(body.subarray(body.length / 2))
      return
    }
    let received = 0
    request.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    request.on('end', () => {
      response.writeHead(received === UPLOAD_BYTES ? 200 : 400, {
        'content-length': 0,
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': KEY,
      })
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/**
 * When the upload leaves: right behind the last byte of the download; together with the request for it
 * (`together`); or while the download is on its way and the client takes nothing of it (`during`).
 */
export type Moment = 'behind' | 'together' | 'during'

/** The client takes nothing for that long. */
const PAUSE_MS = 30

/** Downloads and uploads of more than one TLS record, again and again on kept connections over TLS. */
export async function runPairs(
  port: number,
  download: Download,
  options: {
    readonly pairs: number
    readonly connections: number
    readonly moment: Moment
  },
): Promise<PairsReport> {
  const cut: string[] = []
  let left = options.pairs
  let whole = 0
  const loop = async (): Promise<void> => {
    while (left > 0) {
      const connection = await KeptConnection.open(port)
      while (left > 0) {
        left--
        const missing = await connection.pair(download, options.moment)
        if (missing === undefined) whole++
        else {
          cut.push(missing)
          break
        }
      }
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: options.connections }, loop))
  return { whole, cut }
}

class KeptConnection {
  readonly #socket: TLSSocket
  #unread: Buffer = Buffer.alloc(0)
  #ended: string | undefined
  #wake: () => void = () => undefined

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk])
      this.#wake()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#ended = error.code
    })
    socket.on('close', () => {
      this.#ended ??= 'closed'
      this.#wake()
    })
  }

  static open(port: number): Promise<KeptConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
        resolve(new KeptConnection(socket)),
      )
      socket.once('error', reject)
    })
  }

  /** Undefined: both were answered, and well. */
  async pair(download: Download, moment: Moment): Promise<string | undefined> {
    const key = download.kind === 'missing' ? 'none?newthing' : `${download.kind}-${download.bytes}`
    const get = `GET /bucket/${key} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
    const put = `PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${UPLOAD_BYTES}\r\n\r\n${'u'.repeat(UPLOAD_BYTES)}`
    this.#socket.write(moment === 'together' ? get + put : get)
    if (moment === 'during') {
      await this.#change()
      this.#socket.pause()
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      this.#socket.write(put)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
      this.#socket.resume()
    }
    const got = await this.#answer()
    if (got !== (download.kind === 'missing' ? 400 : 200)) return `GET ${got} ${this.#ended}`
    if (moment === 'behind') this.#socket.write(put)
    const stored = await this.#answer()
    return stored === 200 ? undefined : `PUT ${stored} ${this.#ended}`
  }

  close(): void {
    this.#socket.destroy()
  }

  /** The status of the next answer, once it is whole; undefined: it never was. */
  async #answer(): Promise<number | undefined> {
    const head = await this.#until('\r\n\r\n')
    if (head === undefined) return undefined
    const status = Number(head.slice(9, 12))
    const declared = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    // The bodies here are of one letter each.
    const isWhole =
      declared === undefined
        ? (await this.#until('\r\n0\r\n\r\n')) !== undefined
        : await this.#skip(Number(declared))
    return isWhole ? status : undefined
  }

  /** Takes all up to the end of that; gives the last of it. */
  async #until(end: string): Promise<string | undefined> {
    for (;;) {
      const at = this.#unread.indexOf(end)
      if (at >= 0) {
        const text = this.#unread.toString('latin1', 0, at)
        this.#unread = this.#unread.subarray(at + end.length)
        return text
      }
      if (this.#ended !== undefined) return undefined
      if (this.#unread.length > 64 * 1024) this.#unread = this.#unread.subarray(-end.length)
      await this.#change()
    }
  }

  async #skip(bytes: number): Promise<boolean> {
    let left = bytes
    for (;;) {
      const taken = Math.min(left, this.#unread.length)
      this.#unread = this.#unread.subarray(taken)
      left -= taken
      if (left === 0) return true
      if (this.#ended !== undefined) return false
      await this.#change()
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
