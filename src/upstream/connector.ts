import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls'
import { type buildConnector, errors } from 'undici'
import { withoutLastDot } from '../s3/resource.ts'
import type { Addresses } from './addresses.ts'
import { openPooled } from './read-buffers.ts'
import { watchTlsEnd } from './tls-end.ts'
import { ConnectFailure } from './upstream-failure.ts'

/** The settings of all connections to S3. */
interface ConnectorSettings {
  /** The limit for TCP and TLS together. */
  readonly connectTimeoutMs: number
  /** PEM of the CAs to trust; undefined: the system's. */
  readonly ca: string | undefined
  readonly addresses: Addresses
}

/** The wait for one address before the next one is tried in parallel. */
const ADDRESS_WAIT_MS = 1_000

/** Limit of origins whose TLS sessions are cached. */
const SESSIONS_MAX = 256

type Callback = (...outcome: [null, Socket | TLSSocket] | [Error, null]) => void

/**
 * Creates connections to S3 for undici's pools: TLS 1.2 or newer, the server's name (SNI) verified
 * against its certificate, the last session of each server resumed. A failure is a `ConnectFailure`
 * with its phase.
 *
 * undici's own connector keeps sessions only by weak references, which a minor collection drops,
 * and reads the CAs again for each connection.
 */
export function buildUpstreamConnector(settings: ConnectorSettings): buildConnector.connector {
  const { addresses, connectTimeoutMs, ca } = settings
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
  })
  const sessions = new Map<string, Buffer>()

  const openTcp = (hostname: string, port: number): Socket => {
    const options = addressOptions(hostname, port)
    return openPooled((onread) => connectTcp({ ...options, onread }), 'any')
  }

  const openTls = (hostname: string, port: number): TLSSocket => {
    const place = `${hostname}:${port}`
    const session = sessions.get(place)
    const options = {
      ...addressOptions(hostname, port),
      // RFC 6066 section 3: a server name is sent without a trailing dot; certificates have none.
      servername: isIpLiteral(hostname) ? '' : withoutLastDot(hostname),
      secureContext,
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
    }
    const socket = openPooled((onread) => {
      // Not in node's types for TLS, but documented.
      const pooled = { ...options, onread }
      return connectTls(pooled)
    }, 'record')
    watchTlsEnd(socket)
    socket.on('session', (latest) => {
      if (sessions.size < SESSIONS_MAX || sessions.has(place)) sessions.set(place, latest)
    })
    return socket
  }

  const addressOptions = (hostname: string, port: number) => ({
    host: hostname,
    port,
    lookup: addresses.lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.min(ADDRESS_WAIT_MS, connectTimeoutMs),
    // Not in node's types, but documented; undici does the same.
    highWaterMark: 64 * 1024,
  })

  return ({ hostname, protocol, port }, callback: Callback) => {
    const isTls = protocol === 'https:'
    const defaultPort = isTls ? 443 : 80
    const numericPort = port === '' ? defaultPort : Number(port)
    const socket = isTls ? openTls(hostname, numericPort) : openTcp(hostname, numericPort)
    socket.setKeepAlive(true, 60_000)
    socket.setNoDelay(true)
    let isSettled = false
    let hasTcp = false
    const fail = (error: Error): void => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      callback(describe(error, hostname, hasTcp && isTls), null)
    }
    const succeed = (): void => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      callback(null, socket.on('error', renameReset))
    }
    const timer = setTimeout(() => {
      const error = new errors.ConnectTimeoutError(
        `no connection to ${hostname}:${port} in ${connectTimeoutMs} ms`,
      )
      fail(error)
      socket.destroy()
    }, connectTimeoutMs)
    const noteFailed = (address: string): void => addresses.failed(address)
    socket.on('connectionAttemptFailed', noteFailed)
    socket.on('connectionAttemptTimeout', noteFailed)
    socket.on('error', fail)
    socket.once('connect', () => {
      hasTcp = true
      if (!isTls) succeed()
    })
    if (isTls) socket.once('secureConnect', succeed)
    // Node reports a peer that closes during the handshake as an error; this is a safeguard.
    socket.once('close', () => fail(new Error('the connection was closed')))
  }
}

/**
 * undici treats a reset as the end of an answer that ends with its connection: half of an object
 * would look complete, and if the answer is paused, undici would throw in the socket's listener
 * (see `Connection`). With another code a reset is an error. This listener runs before undici's.
 */
function renameReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'EPIPE'
}

function isIpLiteral(hostname: string): boolean {
  return hostname.includes(':') || /^[0-9.]+$/.test(hostname)
}

/** Describes what happened and what to do about it; for the log. */
function describe(error: Error, hostname: string, isInHandshake: boolean): Error {
  if (error instanceof errors.ConnectTimeoutError) {
    return new ConnectFailure(
      'connect',
      `${error.message}: check the network, firewall rules and upstream.endpoint`,
      error,
    )
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'ECONNRESET' || code === 'EPIPE' || (isInHandshake && code === '')) {
    return new ConnectFailure('reset', `${hostname} closed the new connection`, error)
  }
  if (isInHandshake) {
    const message = `TLS handshake with ${hostname} failed (${code}: ${error.message}): ${tlsAdvice(code)}`
    return new ConnectFailure('tls', message, error)
  }
  if (code === 'ENOTFOUND' || code.startsWith('EAI_') || code === 'ENODATA') {
    const message = `${hostname} does not resolve (${code}): check upstream.endpoint, upstream.region and this machine's DNS`
    return new ConnectFailure('dns', message, error)
  }
  const message = `no connection to ${hostname} (${code || error.message}): check that S3 listens there and that the network lets it through`
  return new ConnectFailure('connect', message, error)
}

function tlsAdvice(code: string): string {
  switch (code) {
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
      return 'its certificate is from an untrusted CA; set that CA in upstream.caFile'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another name; check upstream.endpoint and upstream.addressing'
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return "its certificate has expired or is not valid yet; renew it, or check this machine's clock"
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'it does not use TLS on this port; check the port, or use http:// if that is allowed'
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return 'it does not support TLS 1.2 or newer; update the server'
    default:
      return 'check which server listens there'
  }
}
