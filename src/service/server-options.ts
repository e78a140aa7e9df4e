import type { Server } from 'node:http'
import type { Limits } from '../config/config.ts'
import { FIELDS_MAX } from '../proxy/connection.ts'
import { type TlsMaterial, tlsOptions } from './tls-material.ts'

/**
 * The interval at which node:http checks for late heads; its default of 30 s would be added to the
 * limit.
 */
const CHECKING_MS = 5_000

/** The options of node:http: the strict parser, and limits for heads and for silence. */
export function serverOptions({ headIdleMs, headerBytes }: Limits) {
  return {
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    // The total time of a request is unlimited, because an upload may take hours. Idle time is
    // limited.
    requestTimeout: 0,
    headersTimeout: headIdleMs,
    connectionsCheckingInterval: Math.min(CHECKING_MS, headIdleMs),
    keepAliveTimeout: headIdleMs,
    maxHeaderSize: headerBytes,
    // The read step checks 'Host' and answers as S3 does.
    requireHostHeader: false,
    noDelay: true,
    highWaterMark: 64 * 1024,
  } as const
}

/** The same over TLS; clients present a certificate if the listener has a CA for them. */
export function tlsServerOptions(limits: Limits, tls: TlsMaterial) {
  return {
    ...serverOptions(limits),
    ...tlsOptions(tls),
    handshakeTimeout: limits.headIdleMs,
    ALPNProtocols: ['http/1.1'],
    ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
  }
}

/** Settings that a server does not take as options. */
export function limitHeads<T extends Server>(server: T): T {
  server.maxRequestsPerSocket = 0
  // Further fields are dropped without being parsed, and such a request is refused: many short
  // fields would need several times their length.
  server.maxHeadersCount = FIELDS_MAX
  return server
}
