import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { headerListFromRaw } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import type { EgressIdentity } from '../proxy/egress-identity.ts'
import type { AbsoluteTarget } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { dropSignature } from './drop-signature.ts'
import {
  classOf,
  type EgressParts,
  openPassage,
  refuseRequest,
  refuseSocket,
} from './egress-parts.ts'
import { locateRequest } from './locate-request.ts'
import { openConnection } from './open-connection.ts'
import type { Passage } from './passage.ts'
import { type RelayTarget, relayRequest, relayUpgrade } from './relay-plain.ts'
import { identifySender, mayBeUnknown, mustBeNamed, unsignedClient } from './sender.ts'

/** The destination of a request: S3, or another host. */
type Way =
  | { readonly kind: 's3'; readonly egressIdentity: EgressIdentity }
  | { readonly kind: 'other'; readonly target: AbsoluteTarget; readonly client: Client | undefined }

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
  const way = findWay(parts, request)
  if (!way.ok) {
    refuseRequest(openPassage(parts, request), request, response, way.error)
    return
  }
  if (way.value.kind === 's3') {
    const { config } = parts.settings()
    if (!way.value.egressIdentity.verifySignatures) dropSignature(request)
    parts.listenerHost.take(
      config,
      request,
      response,
      expectsContinue,
      refused,
      way.value.egressIdentity,
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
  const target = await connectTo(parts, passage, way.value.client, way.value.target)
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
  const way = findWay(parts, request)
  if (!way.ok) {
    refuseSocket(passage, socket, way.error)
    return
  }
  if (way.value.kind === 's3' || !isWebSocket(request)) {
    refuseSocket(passage, socket, refusal('egress-upgrade'))
    return
  }
  const target = await connectTo(parts, passage, way.value.client, way.value.target)
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

function findWay(parts: EgressParts, request: IncomingMessage): Result<Way, S3Error> {
  const headers = headerListFromRaw(request.rawHeaders)
  const located = locateRequest(request.url ?? '', headers)
  if (!located.ok) return located
  const target = located.value
  const found = classOf(parts, target)
  if (found.kind === 'unsupported')
    return failure(refusal('egress-s3-form-unsupported', { form: found.form }))
  if (found.kind === 'other' && target.isDirect) return failure(refusal('egress-target'))

  const settings = parts.settings()
  const generation = parts.listenerHost.generation()
  const sender = identifySender(generation, settings, headers)
  if (!sender.ok) return sender
  if (found.kind === 's3') {
    // A client that DNS has directed here does not know that this is a proxy, and would not answer
    // to a 407.
    if (!target.isDirect && mustBeNamed(settings, sender.value)) {
      return failure(refusal('egress-proxy-authentication'))
    }
    return ok({
      kind: 's3',
      egressIdentity: {
        rawTarget: target.originForm,
        hosts: found.hosts,
        regions: found.regions,
        verifySignatures: settings.egress.verifySignatures,
        unsignedClient: unsignedClient(generation, settings, sender.value),
      },
    })
  }
  if (sender.value === undefined && !mayBeUnknown(settings)) {
    return failure(refusal('egress-proxy-authentication'))
  }
  if (!settings.hosts.allows(target.hostname, target.port)) {
    return failure(refusal('egress-host-not-allowed', { hostname: target.hostname }))
  }
  if (target.scheme !== 'http') return failure(refusal('egress-scheme'))
  return ok({ kind: 'other', target, client: sender.value })
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
