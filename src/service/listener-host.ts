import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Limits, ListenerConfig } from '../config/config.ts'
import type { EgressIdentity } from '../proxy/egress-identity.ts'
import type { Generation } from '../proxy/generation.ts'
import type { S3Error } from '../s3/error.ts'
import type { TlsMaterial } from './tls-material.ts'

/** The ids of a request in its answer, log lines and audit line. */
export interface ExchangeIds {
  readonly requestId: string
  readonly hostId: string
}

/** The functions of the service for listeners of another kind that it opens. */
export interface ListenerHost {
  /** The current configuration. */
  readonly generation: () => Generation
  readonly nextIds: () => ExchangeIds
  /**
   * Serves a request for S3 to its end, as if it had arrived at one of the service's own listeners.
   */
  readonly take: (
    listener: ListenerConfig,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
    refused: S3Error | undefined,
    egressIdentity: EgressIdentity,
  ) => void
  /** Registers other work that a drain must wait for; returns the function that ends it. */
  readonly begin: () => () => void
}

/** The interface of a listener. */
export interface ServiceListener {
  readonly config: ListenerConfig
  /** The number of open connections. */
  readonly connections: () => number
  /** Binds; returns the port. Fails with node's error (EADDRINUSE, EACCES, …). */
  listen(): Promise<number>
  /**
   * Applies the settings that can change while it listens. `files`: texts of certificates and keys,
   * by path.
   */
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

/** Opens a listener of kind `egress`; passed to the service, which does not import that layer. */
export type OpenEgress = (
  config: ListenerConfig,
  limits: Limits,
  tls: TlsMaterial | undefined,
  files: ReadonlyMap<string, string>,
  listenerHost: ListenerHost,
) => ServiceListener
