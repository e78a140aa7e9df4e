import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type SecureContext, TLSSocket } from 'node:tls'
import { headerCount, headerListFromRaw, headerValue } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'
import type { RequestHandler } from '../proxy/receive-requests.ts'
import { type Authority, agreesWithHost } from '../s3/absolute-target.ts'
import { refusal } from '../s3/refusals.ts'
import { openPassage, Passage } from './passage.ts'
import { refuseRequest } from './refuse.ts'
import { classOf, type EgressParts, egressIdentityOf } from './route.ts'
import { serverNameHost } from './target.ts'

/** The facts about a connection before its TLS was intercepted. */
interface ConnectOrigin {
  /** The target of CONNECT. */
  readonly authority: Authority
  readonly client: Client | undefined
}

/** Called for each SNI name; an error fails the handshake. */
type ContextCallback = (error: Error | null, context?: SecureContext) => void

const HTTPS_PORT = 443

/**
 * Intercepts TLS connections to S3, with a leaf certificate of the organisation's CA, and handles
 * their requests under the policy. The host name is that of CONNECT, and SNI must agree with it; if
 * DNS has directed the client here, it is that of SNI.
 */
export class Interceptor {
  readonly #parts: EgressParts
  readonly #server: Server
  readonly #origins = new WeakMap<object, ConnectOrigin>()

  /**
   * `server`: parses HTTP from the intercepted connections; its requests are passed to `handle`.
   */
  constructor(parts: EgressParts, server: Server) {
    this.#parts = parts
    this.#server = server
  }

  /**
   * Accepts a connection on which a ClientHello follows. `connect` is undefined if DNS has directed
   * the client here.
   */
  accept(socket: Duplex, connect: ConnectOrigin | undefined): void {
    const { limits } = this.#parts.settings()
    const tls = this.#openTls(socket, connect)
    const timer = setTimeout(
      () => tls.destroy(new Error('no handshake in time')),
      limits.headIdleMs,
    )
    let cause: unknown
    const onError = (error: Error): void => {
      cause = error
      tls.destroy()
    }
    const onClose = (): void => {
      clearTimeout(timer)
      this.#noteFailure(socket, tls, connect, cause)
    }
    tls.on('error', onError)
    tls.once('close', onClose)
    tls.once('secure', () => {
      clearTimeout(timer)
      tls.off('close', onClose)
      const origin = connect ?? originOf(tls)
      if (origin === undefined) {
        tls.destroy()
        return
      }
      this.#origins.set(tls, origin)
      this.#server.emit('connection', tls)
      tls.off('error', onError)
    })
  }

  /** Passes the TLS context of an SNI name; an error if it is not S3 or not intercepted. */
  readonly contextFor = (servername: string, callback: ContextCallback): void => {
    const authority = { hostname: serverNameHost(servername), port: HTTPS_PORT }
    answer(callback, this.#contextOf(authority))
  }

  /** Handles a request of an intercepted connection to its end. */
  readonly handle: RequestHandler = (request, response, expectsContinue, refused) => {
    const parts = this.#parts
    const { socket } = request
    const origin =
      this.#origins.get(socket) ?? (socket instanceof TLSSocket ? originOf(socket) : undefined)
    const headers = headerListFromRaw(request.rawHeaders)
    const host = headerCount(headers, 'host') === 1 ? headerValue(headers, 'host') : undefined
    if (
      origin === undefined ||
      host === undefined ||
      !agreesWithHost(host, origin.authority, origin.authority.port)
    ) {
      refuseRequest(openPassage(parts, request), request, response, refusal('egress-host-mismatch'))
      return
    }
    const found = classOf(parts, origin.authority)
    if (found.kind !== 's3') {
      const form = found.kind === 'unsupported' ? found.form : 'other'
      refuseRequest(
        openPassage(parts, request),
        request,
        response,
        refusal('egress-s3-form-unsupported', { form }),
      )
      return
    }
    const { rawHeaders, url: rawTarget = '' } = request
    const received = { rawTarget, rawHeaders }
    const egressIdentity = egressIdentityOf(parts, found, origin.client, received)
    parts.listenerHost.take(
      parts.settings().config,
      request,
      response,
      expectsContinue,
      refused,
      egressIdentity,
    )
  }

  #openTls(socket: Duplex, connect: ConnectOrigin | undefined): TLSSocket {
    const context = connect === undefined ? undefined : this.#contextOf(connect.authority)
    return new TLSSocket(socket, {
      isServer: true,
      ALPNProtocols: ['http/1.1'],
      // Without SNI, CONNECT's name is used. Without both there is no certificate.
      ...(context === undefined || context instanceof Error ? {} : { secureContext: context }),
      SNICallback: (servername, callback) => {
        if (connect === undefined || context === undefined) this.contextFor(servername, callback)
        else if (serverNameHost(servername) === connect.authority.hostname)
          answer(callback, context)
        else callback(new Error('SNI names another host than CONNECT'))
      },
    })
  }

  #contextOf(authority: Authority): SecureContext | Error {
    const found = classOf(this.#parts, authority)
    const { leaves } = this.#parts.settings()
    if (found.kind !== 's3') return new Error('SNI names no S3 host')
    if (leaves === undefined) return new Error('S3 is not intercepted')
    try {
      return leaves.contextFor(authority.hostname, Date.now())
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  #noteFailure(
    socket: Duplex,
    tls: TLSSocket,
    connect: ConnectOrigin | undefined,
    cause: unknown,
  ): void {
    const { listenerHost } = this.#parts
    const name = (connect ?? originOf(tls))?.authority
    const host = name === undefined ? undefined : `${name.hostname}:${name.port}`
    const sourceIp = 'remoteAddress' in socket ? String(socket.remoteAddress) : undefined
    socket.destroy()
    const error = { ...refusal('egress-tls-handshake'), cause }
    const ids = listenerHost.nextIds()
    new Passage({ generation: listenerHost.generation(), ids, host, sourceIp }).end({
      status: 0,
      reason: error.reason,
      error,
    })
    listenerHost
      .generation()
      .telemetry.log.info({ requestId: ids.requestId, host, err: cause }, error.message)
  }
}

function answer(callback: ContextCallback, context: SecureContext | Error): void {
  if (context instanceof Error) callback(context)
  else callback(null, context)
}

/** Without CONNECT, SNI names the host. */
function originOf({ servername }: TLSSocket): ConnectOrigin | undefined {
  if (typeof servername !== 'string' || servername === '') return undefined
  const authority = { hostname: serverNameHost(servername), port: HTTPS_PORT }
  return { authority, client: undefined }
}
