import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Authority, parseAbsoluteTarget } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import type { ListenerHost } from '../service/listener-host.ts'
import { classifyHost, type HostClass } from './classify-host.ts'
import { parseConnectTarget } from './connect-target.ts'
import type { EgressSettings } from './egress-settings.ts'
import type { Network } from './network.ts'
import { Passage } from './passage.ts'
import { answerRefusal, buildRefusal, writeRefusal } from './refusal-answer.ts'

/** The parts that the handlers of an egress listener use. */
export interface EgressParts {
  readonly listenerHost: ListenerHost
  /** The current settings. */
  readonly settings: () => EgressSettings
  readonly network: Network
  /** Limit of silence of a tunnel or of another host. */
  readonly idleMs: number
}

/** Classifies a host by the current configuration. */
export function classOf({ listenerHost, settings }: EgressParts, authority: Authority): HostClass {
  const { config, upstream } = listenerHost.generation()
  const { endpoint } = upstream
  return classifyHost(authority, {
    listener: settings().config,
    upstream: config.upstream,
    endpoint,
  })
}

/** Starts the record of traffic that is not a request to S3. */
export function openPassage({ listenerHost }: EgressParts, request: IncomingMessage): Passage {
  return new Passage({
    generation: listenerHost.generation(),
    ids: listenerHost.nextIds(),
    host: hostOf(request),
    sourceIp: request.socket.remoteAddress,
  })
}

/** Refuses a request, and ends its record. */
export function refuseRequest(
  passage: Passage,
  request: IncomingMessage,
  response: ServerResponse,
  error: S3Error,
): void {
  const answer = buildRefusal(error, passage.ids, request.method === 'HEAD')
  answerRefusal(request, response, answer)
  const { status } = answer
  passage.end({ status, reason: error.reason, error, responseBytes: answer.body.length })
}

/** Refuses CONNECT or Upgrade, and ends the record. */
export function refuseSocket(passage: Passage, socket: Duplex, error: S3Error): void {
  const answer = buildRefusal(error, passage.ids, false)
  writeRefusal(socket, answer)
  const { status } = answer
  passage.end({ status, reason: error.reason, error, responseBytes: answer.body.length })
}

function hostOf({ method, url = '' }: IncomingMessage): string | undefined {
  const authority = method === 'CONNECT' ? parseConnectTarget(url) : parseAbsoluteTarget(url)
  return authority === undefined ? undefined : `${authority.hostname}:${authority.port}`
}
