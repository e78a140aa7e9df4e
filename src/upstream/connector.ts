import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls'
import { type buildConnector, errors } from 'undici'
import { withoutLastDot } from '../s3/resource.ts'
import type { Addresses } from './addresses.ts'
import { watchTlsEnd } from './tls-end.ts'
import { ConnectFailure } from './upstream-failure.ts'

/** What every connection to S3 is made with. */
interface ConnectorSettings {
  /** For TCP and TLS together. */
  readonly connectTimeoutMs: number
  /** PEM of the certificate authorities to trust; undefined: the system's. */
  readonly ca: string | undefined
  readonly addresses: Addresses
}

/** Longest wait for one of several addresses before the next one is tried, too. */
const ADDRESS_WAIT_MS = 1_000

/** Origins whose TLS sessions are kept. */
const SESSIONS_MAX = 256

type Callback = (...outcome: [null, Socket | TLSSocket] | [Error, null]) => void

/**
 * Makes connections to S3 for undici's pools: TLS 1.2 at least, with the server's name (SNI) checked
 * against its certificate, and the last session of each server resumed. Failures are told apart by
 * where they happened, as `ConnectFailure`.
 *
 * undici's own connector keeps sessions by weak references only, which a minor collection drops, and
 * reads the authorities anew for each connection.
 */
export function buildUpstreamConnector(settings: ConnectorSettings): buildConnector.connector {
  const { addresses, connectTimeoutMs, ca } = settings
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca }),
  })
  const sessions = new Map<string, Buffer>()

  const openTcp = (hostname: string, port: number): Socket => {
    const options = {
      host: hostname,
      port,
      lookup: addresses.lookup,
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: Math.min(ADDRESS_WAIT_MS, connectTimeoutMs),
      // Not in node's types; its documentation has it, and undici does the same.
      highWaterMark: 64 * 1024,
    }
    return connectTcp(options)
  }

  const openTls = (tcp: Socket, hostname: string, port: number): TLSSocket => {
    const place = `${hostname}:${port}`
    const session = sessions.get(place)
    const tlsOptions = {
      socket: tcp,
      // For the certificate, where there is no server's name.
      host: hostname,
      highWaterMark: 16 * 1024,
      // RFC 6066 section 3: the name of a server is sent without a last dot; certificates have none.
      servername: isIpLiteral(hostname) ? '' : withoutLastDot(hostname),
      secureContext,
      ALPNProtocols: ['http/1.1'],
      ...(session === undefined ? {} : { session }),
    }
    const socket = connectTls(tlsOptions)
    watchTlsEnd(socket, tcp)
    socket.on('session', (latest) => {
      if (sessions.size < SESSIONS_MAX || sessions.has(place)) sessions.set(place, latest)
    })
    return socket
  }

  return ({ hostname, protocol, port }, callback: Callback) => {
    const isTls = protocol === 'https:'
    const defaultPort = isTls ? 443 : 80
    const numericPort = port === '' ? defaultPort : Number(port)
    const tcp = openTcp(hostname, numericPort)
    tcp.setKeepAlive(true, 60_000)
    tcp.setNoDelay(true)
    let isSettled = false
    let hasTcp = false
    const fail = (error: Error): void => {
      if (isSettled) return
      isSettled = true
      clearTimeout(timer)
      callback(describe(error, hostname, hasTcp && isTls), null)
    }
    const succeed = (socket: Socket): void => {
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
      tcp.destroy()
    }, connectTimeoutMs)
    const noteFailed = (address: string): void => addresses.failed(address)
    tcp.on('connectionAttemptFailed', noteFailed)
    tcp.on('connectionAttemptTimeout', noteFailed)
    tcp.on('error', fail)
    tcp.once('connect', () => {
      hasTcp = true
      if (!isTls) return succeed(tcp)
      const socket = openTls(tcp, hostname, numericPort)
      socket.on('error', fail)
      socket.once('secureConnect', () => succeed(socket))
    })
    // A peer that ends the connection in the handshake: node calls it an error; be sure.
    tcp.once('close', () => fail(new Error('the connection was closed')))
  }
}

/**
 * undici takes a reset for the end of an answer that ends with its connection: half of an object would
 * look whole, and where the answer is paused it would throw in the socket's listener, as `Connection`
 * tells. Under another code a reset is an error. This listener comes before undici's.
 */
function renameReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'EPIPE'
}

function isIpLiteral(hostname: string): boolean {
  return hostname.includes(':') || /^[0-9.]+$/.test(hostname)
}

/** Says what happened and what to do about it; for the log. */
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
    return new ConnectFailure('reset', `${hostname} broke the new connection off`, error)
  }
  if (isInHandshake) {
    const message = `no TLS with ${hostname} (${code}: ${error.message}): ${tlsAdvice(code)}`
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
      return 'its certificate is of an authority that is not trusted; name that authority in upstream.caFile'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'its certificate is for another name; check upstream.endpoint and upstream.addressing'
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return "its certificate is not valid now; renew it, or check this machine's clock"
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'it does not speak TLS there; check the port, or use http:// where that is allowed'
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return 'it speaks no TLS 1.2 or newer; renew the server'
    default:
      return 'check what listens there'
  }
}
