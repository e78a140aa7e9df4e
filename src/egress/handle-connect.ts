import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type HeaderList, headerListFromRaw } from '../base/header-list.ts'
import { failure, ok } from '../base/result.ts'
import type { Authority } from '../s3/absolute-target.ts'
import { refusal } from '../s3/refusals.ts'
import { parseHost } from '../s3/resource.ts'
import type { Interceptor } from './interceptor.ts'
import { openConnection } from './open-connection.ts'
import { openPassage } from './passage.ts'
import { refuseSocket } from './refuse.ts'
import { type EgressParts, routeTo } from './route.ts'
import { parseConnectTarget } from './target.ts'
import { joinSockets } from './tunnel.ts'

const ESTABLISHED = 'HTTP/1.1 200 Connection Established\r\n\r\n'

/**
 * Handles CONNECT: to S3 it is intercepted or refused, never tunnelled; to a listed host it is
 * tunnelled; to any other host it is refused.
 */
export async function handleConnect(
  parts: EgressParts,
  interceptor: Interceptor,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  const route = routeOf(parts, request)
  if (!route.ok) {
    refuseSocket(openPassage(parts, request), socket, route.error)
    return
  }
  const { kind, authority, client } = route.value
  if (kind === 's3') {
    socket.write(ESTABLISHED)
    if (head.length > 0) socket.unshift(head)
    interceptor.accept(socket, { authority, client })
    return
  }
  const passage = openPassage(parts, request)
  passage.client = client
  const refused = passage.enter()
  if (refused !== undefined) {
    refuseSocket(passage, socket, refused)
    return
  }
  const { addresses } = parts.settings()
  const { connectTimeoutMs } = parts.listenerHost.generation().config.upstream
  const opened = await openConnection(parts.network, addresses, authority, connectTimeoutMs)
  if (!opened.ok) {
    refuseSocket(passage, socket, opened.error)
    return
  }
  socket.write(ESTABLISHED)
  if (head.length > 0) socket.unshift(head)
  const { fromClient, toClient } = await joinSockets(socket, opened.value, parts.idleMs)
  passage.end({
    status: 200,
    reason: 'egress-tunnel',
    requestBytes: fromClient,
    responseBytes: toClient,
  })
}

/** Where the CONNECT goes, if its target can be read and its Host field agrees. */
function routeOf(parts: EgressParts, request: IncomingMessage) {
  const authority = parseConnectTarget(request.url ?? '')
  if (authority === undefined) return failure(refusal('egress-target'))
  const headers = headerListFromRaw(request.rawHeaders)
  if (!agreesWithHosts(headers, authority)) return failure(refusal('egress-host-mismatch'))
  const route = routeTo(parts, authority, headers, false)
  if (!route.ok) return route
  const { kind, sender } = route.value
  if (kind === 's3' && parts.settings().leaves === undefined) {
    return failure(refusal('egress-intercept-off'))
  }
  return ok({ kind, authority, client: sender })
}

/** A client may omit Host, or its port; it may not name another host. */
function agreesWithHosts(headers: HeaderList, { hostname }: Authority): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'host' && parseHost(headers[i + 1] ?? '')?.hostname !== hostname)
      return false
  }
  return true
}
