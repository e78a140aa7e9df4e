import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Socket as NetSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createProxyServer } from 'httpxy'
import { connectionNominees, isHopByHop } from '../proxy/hop-by-hop.ts'
import { cutWhereDestroyed } from '../proxy/queued-answer.ts'
import type { Authority } from '../s3/absolute-target.ts'

/** The result of a relayed request. */
interface RelayEnd {
  readonly requestBytes: number
  readonly responseBytes: number
  /** Set if it failed. If nothing was answered yet, the caller answers. */
  readonly error: unknown
}

/** One request to one host, over an open connection. */
export interface RelayTarget {
  readonly authority: Authority
  /** Connected to a checked address; closed with the request. */
  readonly connection: Socket
  /** The target in origin-form. */
  readonly originForm: string
  /** Limit of silence of the other host, and of a client that does not read its answer. */
  readonly idleMs: number
}

const VIA = '1.1 sealgate'

/** Uses the one connection that was opened for it, so that only the checked address is used. */
class OpenConnectionAgent extends Agent {
  readonly #connection: Socket

  constructor(connection: Socket) {
    super({ keepAlive: false, maxSockets: 1 })
    this.#connection = connection
  }

  override createConnection(): Socket {
    return this.#connection
  }
}

/**
 * Relays a request that no policy applies to, bodies in both directions, with httpxy. Hop-by-hop
 * fields are removed, including Proxy-Authorization. Resolves when the answer has ended.
 */
export function relayRequest(
  request: IncomingMessage,
  response: ServerResponse,
  target: RelayTarget,
): Promise<RelayEnd> {
  const { authority, connection, originForm, idleMs } = target
  const proxy = createProxyServer()
  let requestBytes = 0
  let responseBytes = 0
  let failure: unknown
  prepareRequest(request, originForm, 'close')
  // Both listeners are added just before httpxy starts to pipe, so that no data is missed.
  proxy.on('proxyReq', () => {
    request.on('data', (chunk: Buffer) => {
      requestBytes += chunk.length
    })
  })
  proxy.on('proxyRes', (answer) => {
    stripHopByHop(answer, undefined)
    normalizeStatus(answer)
    answer.headers.via = joined(answer.headers.via)
    lengthLast(answer)
    answer.on('data', (chunk: Buffer) => {
      responseBytes += chunk.length
    })
  })
  return new Promise((resolve) => {
    const end = (): void => {
      connection.destroy()
      request.socket.off('close', end)
      resolve({ requestBytes, responseBytes, error: failure })
    }
    proxy.on('error', (error) => {
      failure = error
      if (response.headersSent) response.destroy()
      else end()
    })
    response.once('close', end)
    response.setTimeout(idleMs, () => response.destroy())
    // The answer waits behind another one (pipelining): node:http does not report the socket's end
    // to it.
    if (response.socket === null) {
      request.socket.setMaxListeners(0)
      request.socket.once('close', end)
      cutWhereDestroyed(response)
    }
    proxy
      .web(request, response, {
        target: { host: hostText(authority), port: authority.port, protocol: 'http:' },
        agent: new OpenConnectionAgent(connection),
        proxyTimeout: idleMs,
      })
      .catch((error: unknown) => {
        failure = error
        end()
      })
  })
}

/**
 * Relays a WebSocket handshake and its data. Resolves when both sides are closed; an answer other
 * than 101 is passed to the client unchanged. `status` is the client's status; 0: none.
 */
export function relayUpgrade(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  target: RelayTarget,
): Promise<RelayEnd & { readonly status: number }> {
  const { authority, connection, originForm, idleMs } = target
  const proxy = createProxyServer()
  let status = 0
  let failure: unknown
  prepareRequest(request, originForm, 'Upgrade')
  const read = connection.bytesRead
  const written = connection.bytesWritten
  return new Promise((resolve) => {
    const end = (): void => {
      connection.destroy()
      client.destroy()
      resolve({
        status,
        requestBytes: connection.bytesWritten - written,
        responseBytes: connection.bytesRead - read,
        error: failure,
      })
    }
    proxy.on('proxyReqWs', (outgoing) => {
      outgoing.on('response', ({ statusCode = 0 }) => {
        status = statusCode
      })
    })
    proxy.on('open', (socket) => {
      status = 101
      socket.once('close', () => client.destroy())
    })
    proxy.on('error', (error) => {
      // After the 101, an error is a normal end of the connection.
      if (status !== 101) failure = error
    })
    client.once('close', end)
    if (!(client instanceof NetSocket) || client.destroyed) {
      end()
      return
    }
    proxy
      .ws(
        request,
        client,
        {
          target: { host: hostText(authority), port: authority.port, protocol: 'http:' },
          agent: new OpenConnectionAgent(connection),
          upgradeTimeout: idleMs,
        },
        head,
      )
      .catch((error: unknown) => {
        failure = error
        end()
      })
    // The answer may not be 101 and never end; or the client does not read it, or keeps its side
    // open.
    client.setTimeout(idleMs, () => client.destroy())
  })
}

/** httpxy reads `url` and `headers`: sets origin-form, and removes fields that were for us. */
function prepareRequest(
  request: IncomingMessage,
  originForm: string,
  connection: 'close' | 'Upgrade',
): void {
  const upgrade = connection === 'Upgrade' ? request.headers.upgrade : undefined
  request.url = originForm
  stripHopByHop(request, request.headers['transfer-encoding'])
  // We have answered it ourselves.
  delete request.headers.expect
  request.headers.connection = connection
  request.headers.via = joined(request.headers.via)
  if (upgrade !== undefined) request.headers.upgrade = upgrade
}

/** `framing`: the Transfer-Encoding to keep, because the body is relayed in its framing. */
function stripHopByHop({ headers }: IncomingMessage, framing: string | undefined): void {
  const nominees = connectionNominees(['connection', headers.connection ?? 'close'])
  for (const name of Object.keys(headers)) {
    if (isHopByHop(name) || nominees?.has(name)) delete headers[name]
  }
  if (framing !== undefined) headers['transfer-encoding'] = framing
}

/** node:http would re-encode a Content-Disposition after a Content-Length as UTF-8. */
function lengthLast({ headers }: IncomingMessage): void {
  const length = headers['content-length']
  if (length === undefined) return
  delete headers['content-length']
  headers['content-length'] = length
}

/**
 * node:http accepts any three digits and any bytes as a status line, but refuses to send some of
 * them: it would throw while httpxy pipes, which ends the process. The reason phrase carries no
 * information beyond the code.
 */
function normalizeStatus(answer: IncomingMessage): void {
  if (answer.statusCode === undefined || answer.statusCode < 100) answer.statusCode = 502
  answer.statusMessage = ''
}

function joined(via: string | undefined): string {
  return via === undefined ? VIA : `${via}, ${VIA}`
}

function hostText({ hostname }: Authority): string {
  return hostname.includes(':') ? `[${hostname}]` : hostname
}
