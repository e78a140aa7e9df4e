import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type HeaderList, headerListFromRaw } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import type { Authority } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { parseHost } from '../s3/resource.ts'
import { parseConnectTarget } from './connect-target.ts'
import { classOf, type EgressParts, openPassage, refuseSocket } from './egress-parts.ts'
import type { Interceptor } from './interceptor.ts'
import { openConnection } from './open-connection.ts'
import { identifySender, mayBeUnknown, mustBeNamed } from './sender.ts'
import { joinSockets } from './tunnel.ts'

/** What to do with a CONNECT. */
interface Way {
  readonly kind: 'intercept' | 'tunnel'
  readonly authority: Authority
  readonly client: Client | undefined
}

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
  const way = findWay(parts, request)
  if (!way.ok) {
    refuseSocket(openPassage(parts, request), socket, way.error)
    return
  }
  const { kind, authority, client } = way.value
  if (kind === 'intercept') {
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

function findWay(parts: EgressParts, request: IncomingMessage): Result<Way, S3Error> {
  const authority = parseConnectTarget(request.url ?? '')
  if (authority === undefined) return failure(refusal('egress-target'))
  const headers = headerListFromRaw(request.rawHeaders)
  if (!agreesWithHosts(headers, authority)) return failure(refusal('egress-host-mismatch'))
  const found = classOf(parts, authority)
  if (found.kind === 'unsupported')
    return failure(refusal('egress-s3-form-unsupported', { form: found.form }))

  const settings = parts.settings()
  const sender = identifySender(parts.listenerHost.generation(), settings, headers)
  if (!sender.ok) return sender
  const client = sender.value
  if (found.kind === 's3') {
    if (mustBeNamed(settings, client)) return failure(refusal('egress-proxy-authentication'))
    if (settings.leaves === undefined) return failure(refusal('egress-intercept-off'))
    return ok({ kind: 'intercept', authority, client })
  }
  if (client === undefined && !mayBeUnknown(settings)) {
    return failure(refusal('egress-proxy-authentication'))
  }
  if (!settings.hosts.allows(authority.hostname, authority.port)) {
    return failure(refusal('egress-host-not-allowed', { hostname: authority.hostname }))
  }
  return ok({ kind: 'tunnel', authority, client })
}

/** A client may omit Host, or its port; it may not name another host. */
function agreesWithHosts(headers: HeaderList, { hostname }: Authority): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'host' && parseHost(headers[i + 1] ?? '')?.hostname !== hostname)
      return false
  }
  return true
}
