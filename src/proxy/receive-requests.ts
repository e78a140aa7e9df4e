import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { Connection, hasTooManyFields } from './connection.ts'
import type { Strangers } from './strangers.ts'

/** Called for each request when it is its turn on the connection. */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Whether the client waits for a 100. */
  expectsContinue: boolean,
  /** Set if such a request is never served, whatever it is for. */
  refused: S3Error | undefined,
) => void

/** The connections of a server, by their sockets. */
class Connections {
  readonly #bySocket = new WeakMap<Duplex, Connection>()

  of(socket: Duplex): Connection {
    const known = this.#bySocket.get(socket)
    if (known !== undefined) return known
    const connection = new Connection(socket)
    this.#bySocket.set(socket, connection)
    return connection
  }
}

/**
 * Passes every request that node:http reads to the handler, whatever the event, in the order that
 * its connection allows; also registers the connections. CONNECT and Upgrade are left to the
 * caller; without a listener for `upgrade` node:http treats such a request like any other.
 */
export function receiveRequests(
  server: Server,
  handler: RequestHandler,
  strangers: Strangers,
): Connections {
  const connections = new Connections()
  const receive =
    (expectsContinue: boolean, refused?: S3Error) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      const doubtful = doubtfulHead(request)
      const begin = () => handler(request, response, expectsContinue, doubtful ?? refused)
      connections.of(request.socket).take(request, response, begin, doubtful !== undefined)
    }
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Duplex) => {
    strangers.enter(socket)
  })
  server.on('request', receive(false))
  server.on('checkContinue', receive(true))
  // It is unknown whether the body follows, as with a 100 that was not sent.
  server.on('checkExpectation', receive(true, refusal('expectation-failed')))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    connections.of(socket).fail(error)
  })
  return connections
}

/** Makes the handler refuse CONNECT, which S3 does not have. */
export function refuseConnect(
  server: Server,
  connections: Connections,
  handler: RequestHandler,
): void {
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    const connection = connections.of(socket)
    connection.detach(() => {
      if (!(socket instanceof Socket)) {
        socket.destroy()
        return
      }
      const response = new ServerResponse(request)
      response.shouldKeepAlive = false
      response.assignSocket(socket)
      response.once('finish', () => connection.end())
      handler(request, response, false, refusal('connect-not-allowed'))
    })
  })
}

/**
 * Returns the refusal if the end of a request is uncertain. Fields that node:http has dropped may
 * ask for an Upgrade.
 */
function doubtfulHead(request: IncomingMessage): S3Error | undefined {
  if (!hasTooManyFields(request)) return refusedFraming(request)
  return refusal('too-many-fields')
}

/**
 * Refuses framings that an intermediary in front of us may read differently than node:http, which
 * uses the chunks: HTTP/1.0 has no Transfer-Encoding, and implementations differ on several codings
 * (`identity, chunked`).
 *
 * Source: RFC 9112 section 6.1
 */
function refusedFraming({ httpVersion, headers }: IncomingMessage): S3Error | undefined {
  // node:http joins several fields.
  const coding = headers['transfer-encoding']
  if (coding === undefined) return undefined
  if (httpVersion === '1.1' && coding.toLowerCase() === 'chunked') return undefined
  return refusal('malformed-http/transfer-encoding')
}
