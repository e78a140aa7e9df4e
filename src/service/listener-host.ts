import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Limits, ListenerConfig } from '../config/config.ts'
import type { EgressIdentity } from '../proxy/egress-identity.ts'
import type { Generation } from '../proxy/generation.ts'
import type { S3Error } from '../s3/error.ts'
import type { TlsMaterial } from './tls-material.ts'

/** How an answer, a log line and an audit line name a request. */
export interface ExchangeIds {
  readonly requestId: string
  readonly hostId: string
}

/** What a service gives to the listeners of another kind that it opens. */
export interface ListenerHost {
  /** The configuration at work now. */
  readonly generation: () => Generation
  readonly nextIds: () => ExchangeIds
  /** Takes a request for S3 to its end, as if it had come to a listener of the service's own. */
  readonly take: (
    listener: ListenerConfig,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
    refused: S3Error | undefined,
    egressIdentity: EgressIdentity,
  ) => void
  /** Something else than an exchange is under way, to be waited for at a stop; call the result at its end. */
  readonly begin: () => () => void
}

/** What a service asks of its listeners. */
export interface ServiceListener {
  readonly config: ListenerConfig
  /** Connections that are open. */
  readonly connections: () => number
  /** Binds; gives the port. Fails with node's error (EADDRINUSE, EACCES, …). */
  listen(): Promise<number>
  /** Changes what can change while it listens. `files`: texts of certificates and keys, by path. */
  configure(
    config: ListenerConfig,
    limits: Limits,
    tls: TlsMaterial | undefined,
    files: ReadonlyMap<string, string>,
  ): void
  announceClose(): void
  stopAccepting(): Promise<void>
  closeIdleConnections(): void
  destroyConnections(): void
}

/** Opens a listener of kind `egress`; given to the service, which does not know that layer. */
export type OpenEgress = (
  config: ListenerConfig,
  limits: Limits,
  tls: TlsMaterial | undefined,
  files: ReadonlyMap<string, string>,
  listenerHost: ListenerHost,
) => ServiceListener
