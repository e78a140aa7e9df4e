import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { headerListFromRaw } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import type { EgressIdentity } from '../proxy/egress-identity.ts'
import type { AbsoluteTarget } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { openConnection } from './open-connection.ts'
import { openPassage, type Passage } from './passage.ts'
import { refuseRequest, refuseSocket } from './refuse.ts'
import { type RelayTarget, relayRequest, relayUpgrade } from './relay-plain.ts'
import { classOf, type EgressParts, egressIdentityOf, routeTo } from './route.ts'
import { locateRequest } from './target.ts'

/**
 * Handles a request to the proxy itself: the policy applies to a request for S3, a request for a
 * listed host is relayed, any other is refused.
 */
export async function handleProxyRequest(
  parts: EgressParts,
  request: IncomingMessage,
  response: ServerResponse,
  expectsContinue: boolean,
  refused: S3Error | undefined,
): Promise<void> {
  const route = routeOf(parts, request)
  if (!route.ok) {
    refuseRequest(openPassage(parts, request), request, response, route.error)
    return
  }
  if (route.value.kind === 's3') {
    const { config } = parts.settings()
    parts.listenerHost.take(
      config,
      request,
      response,
      expectsContinue,
      refused,
      route.value.egressIdentity,
    )
    return
  }
  const passage = openPassage(parts, request)
  if (refused !== undefined) {
    refuseRequest(passage, request, response, refused)
    return
  }
  // A sender that is allowed here is not a stranger.
  parts.listenerHost.generation().strangers.leave(request.socket)
  const target = await connectTo(parts, passage, route.value.client, route.value.target)
  if (!target.ok) {
    refuseRequest(passage, request, response, target.error)
    return
  }
  if (request.socket.destroyed) {
    // The client disconnected while we connected.
    target.value.connection.destroy()
    passage.end({ status: 0, reason: 'client-gone' })
    return
  }
  if (expectsContinue) response.writeContinue()
  const { requestBytes, responseBytes, error } = await relayRequest(request, response, target.value)
  if (error !== undefined && !response.headersSent && !response.destroyed) {
    refuseRequest(passage, request, response, { ...refusal('egress-relay'), cause: error })
    return
  }
  const status = response.headersSent ? response.statusCode : 0
  passage.end({ status, reason: 'egress-request', requestBytes, responseBytes })
}

/** Handles Upgrade: only for listed hosts, and only to `websocket`. */
export async function handleUpgrade(
  parts: EgressParts,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  const passage = openPassage(parts, request)
  const route = routeOf(parts, request)
  if (!route.ok) {
    refuseSocket(passage, socket, route.error)
    return
  }
  if (route.value.kind === 's3' || !isWebSocket(request)) {
    refuseSocket(passage, socket, refusal('egress-upgrade'))
    return
  }
  const target = await connectTo(parts, passage, route.value.client, route.value.target)
  if (!target.ok) {
    refuseSocket(passage, socket, target.error)
    return
  }
  const { status, error, ...bytes } = await relayUpgrade(request, socket, head, target.value)
  const failed =
    status === 0 && error !== undefined ? { ...refusal('egress-relay'), cause: error } : undefined
  if (failed === undefined) passage.end({ status, reason: 'egress-upgrade', ...bytes })
  else passage.end({ status, reason: failed.reason, error: failed, ...bytes })
}

/**
 * Returns whether a request upgrades: only a WebSocket to another host does. Any other Upgrade is
 * ignored, as HTTP allows. Node 20 does not call this function, and passes every Upgrade to
 * `handleUpgrade`.
 *
 * Source: RFC 9110 section 7.8
 */
export function shouldUpgrade(parts: EgressParts, request: IncomingMessage): boolean {
  if (!isWebSocket(request)) return false
  const located = locateRequest(request.url ?? '', headerListFromRaw(request.rawHeaders))
  return located.ok && classOf(parts, located.value).kind === 'other'
}

/** The destination of a request: S3, or another host. */
type Destination =
  | { readonly kind: 's3'; readonly egressIdentity: EgressIdentity }
  | { readonly kind: 'other'; readonly target: AbsoluteTarget; readonly client: Client | undefined }

function routeOf(parts: EgressParts, request: IncomingMessage): Result<Destination, S3Error> {
  const { rawHeaders, url = '' } = request
  const headers = headerListFromRaw(rawHeaders)
  const located = locateRequest(url, headers)
  if (!located.ok) return located
  const target = located.value
  const route = routeTo(parts, target, headers, target.isDirect)
  if (!route.ok) return route
  const { sender } = route.value
  if (route.value.kind === 's3') {
    const received = { rawTarget: target.originForm, rawHeaders }
    return ok({
      kind: 's3',
      egressIdentity: egressIdentityOf(parts, route.value.site, sender, received),
    })
  }
  if (target.scheme !== 'http') return failure(refusal('egress-scheme'))
  return ok({ kind: 'other', target, client: sender })
}

async function connectTo(
  parts: EgressParts,
  passage: Passage,
  client: Client | undefined,
  target: AbsoluteTarget,
): Promise<Result<RelayTarget, S3Error>> {
  passage.client = client
  const refused = passage.enter()
  if (refused !== undefined) return failure(refused)
  const { addresses } = parts.settings()
  const { connectTimeoutMs } = parts.listenerHost.generation().config.upstream
  const opened = await openConnection(parts.network, addresses, target, connectTimeoutMs)
  if (!opened.ok) return opened
  const { originForm } = target
  return ok({ authority: target, connection: opened.value, originForm, idleMs: parts.idleMs })
}

function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'
}
