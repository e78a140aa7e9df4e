import type { Server } from 'node:http'
import type { Limits } from '../config/config.ts'
import { FIELDS_MAX } from '../proxy/connection.ts'
import { type TlsMaterial, tlsOptions } from './tls-material.ts'

/** How often node:http looks for heads that are late, at most; its own 30 s would be added to the limit. */
const CHECKING_MS = 5_000

/** How node:http serves clients: one strict parser, and a limit for heads and for silence. */
export function serverOptions({ headIdleMs, headerBytes }: Limits) {
  return {
    insecureHTTPParser: false,
    joinDuplicateHeaders: false,
    // Of a request's whole time there is no limit: an upload may take hours. Idle time has one.
    requestTimeout: 0,
    headersTimeout: headIdleMs,
    connectionsCheckingInterval: Math.min(CHECKING_MS, headIdleMs),
    keepAliveTimeout: headIdleMs,
    maxHeaderSize: headerBytes,
    // 'Host' is checked by the parse step, which answers as S3 does.
    requireHostHeader: false,
    noDelay: true,
    highWaterMark: 64 * 1024,
  } as const
}

/** The same over TLS; clients show a certificate where the listener has an authority for them. */
export function tlsServerOptions(limits: Limits, tls: TlsMaterial) {
  return {
    ...serverOptions(limits),
    ...tlsOptions(tls),
    handshakeTimeout: limits.headIdleMs,
    ALPNProtocols: ['http/1.1'],
    ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: true }),
  }
}

/** What a server takes no options for. */
export function limitHeads<T extends Server>(server: T): T {
  server.maxRequestsPerSocket = 0
  // What is beyond is dropped unseen, and such a request is refused: many short fields would take up
  // several times their length.
  server.maxHeadersCount = FIELDS_MAX
  return server
}
