import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Socket as NetSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createProxyServer } from 'httpxy'
import { connectionNominees, isHopByHop } from '../proxy/hop-by-hop.ts'
import { cutWhereDestroyed } from '../proxy/queued-answer.ts'
import type { Authority } from '../s3/absolute-target.ts'

/** What a relayed request came to. */
interface RelayEnd {
  readonly requestBytes: number
  readonly responseBytes: number
  /** Set: it failed. Where nothing has been answered yet, the caller does. */
  readonly error: unknown
}

/** One request to one host, over a connection that is open already. */
export interface RelayTarget {
  readonly authority: Authority
  /** Connected to an address that was checked; closed with the request. */
  readonly connection: Socket
  /** The target in origin-form. */
  readonly originForm: string
  /** Longest silence of the other host, and of a client that does not take its answer. */
  readonly idleMs: number
}

const VIA = '1.1 sealgate'

/** Uses the one connection that was opened for it: the address that was checked is the one used. */
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
 * Relays a request that no policy applies to, bodies both ways, by httpxy. Hop-by-hop fields stay
 * here, Proxy-Authorization among them. Resolves when the answer is over.
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
  // Both listeners are added in the moment before httpxy begins to pipe, so that nothing is missed.
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
    // It waits behind another answer (pipelining): node:http tells it nothing of the socket's end.
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
 * Relays a WebSocket handshake and what follows it. Resolves when both sides are closed; an answer
 * other than 101 goes to the client as it is. `status` is what the client got; 0: nothing.
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
      // After the 101 an error is how a connection ends.
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
    // The answer may be no 101 and never end; or the client takes none, or keeps its side open after.
    client.setTimeout(idleMs, () => client.destroy())
  })
}

/** httpxy reads `url` and `headers`: origin-form, and nothing that was meant for us. */
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

/** `framing`: the Transfer-Encoding that stays, for the body is passed on as it was framed. */
function stripHopByHop({ headers }: IncomingMessage, framing: string | undefined): void {
  const nominees = connectionNominees(['connection', headers.connection ?? 'close'])
  for (const name of Object.keys(headers)) {
    if (isHopByHop(name) || nominees?.has(name)) delete headers[name]
  }
  if (framing !== undefined) headers['transfer-encoding'] = framing
}

/** Behind a Content-Length, node:http would write a Content-Disposition anew as UTF-8. */
function lengthLast({ headers }: IncomingMessage): void {
  const length = headers['content-length']
  if (length === undefined) return
  delete headers['content-length']
  headers['content-length'] = length
}

/**
 * node:http takes any three digits and any octets for a status, and gives neither out: it would throw
 * while httpxy pipes, which ends the process. The reason phrase says nothing that the code does not.
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
