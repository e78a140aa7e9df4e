import { errors } from 'undici'
import { bodyFailure, isBodyFailure } from '../body/body-failure.ts'
import type { S3Error } from '../s3/error.ts'
import type { Reason } from '../s3/reasons.ts'

/** The label `kind` of `sealgate_upstream_errors_total`. */
export type UpstreamFailureKind =
  /** The name does not resolve. */
  | 'dns'
  /** No connection: refused, no route, or timeout. */
  | 'connect'
  /** No TLS: the certificate, the version, or not TLS at all. */
  | 'tls'
  /** No answer in time. */
  | 'timeout'
  /** The connection broke before the answer's head. */
  | 'reset'
  /** The connection broke in the answer's body, or S3's answer is invalid. */
  | 'aborted'

/** A connection could not be opened. */
export class ConnectFailure extends Error {
  readonly kind: 'dns' | 'connect' | 'tls' | 'reset'

  constructor(kind: ConnectFailure['kind'], message: string, cause: Error) {
    super(message, { cause })
    this.name = 'ConnectFailure'
    this.kind = kind
  }
}

/** No connection of the pool became free in time, or too many requests wait for one. */
export class NoFreeConnection extends Error {}

/** S3 answered with a success before it can have the whole body. */
export class EarlySuccess extends Error {}

/** S3's answer violates HTTP, or cannot be passed on. */
export class InvalidAnswer extends Error {}

/** Undefined if the failure is the client's or our own, not S3's. */
export function failureKind(error: Error): UpstreamFailureKind | undefined {
  if (isBodyFailure(error) || error instanceof NoFreeConnection) return undefined
  if (error instanceof ConnectFailure) return error.kind
  if (error instanceof EarlySuccess || error instanceof InvalidAnswer) return 'aborted'
  switch (errorCode(error)) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'timeout'
    case 'UND_ERR_CONNECT_TIMEOUT':
      return 'connect'
    case 'UND_ERR_INVALID_ARG':
    case 'UND_ERR_NOT_SUPPORTED':
      return undefined
    default:
      return 'reset'
  }
}

/**
 * Returns whether the connection broke before any byte of an answer. (Text that is not HTTP breaks
 * it too, but would be repeated.)
 */
export function isBrokenConnection(error: Error): boolean {
  if (error instanceof ConnectFailure) return error.kind === 'reset'
  if (error instanceof errors.SocketError) return true
  const code = errorCode(error)
  return code === 'ECONNRESET' || code === 'EPIPE'
}

/**
 * Returns whether the connection had served an answer before and broke before the first byte of
 * this one: the peer had closed it while it was idle.
 */
export function isStaleConnection(error: Error): boolean {
  if (!isBrokenConnection(error) || error instanceof ConnectFailure) return false
  const socket = error instanceof errors.SocketError ? error.socket : undefined
  return socket === undefined || (socket?.bytesRead ?? 0) > 0
}

/** Returns the answer for a failure before the head of S3's answer. */
export function upstreamError(cause: Error): S3Error {
  if (isBodyFailure(cause)) return bodyFailure(cause)
  if (cause instanceof NoFreeConnection) {
    const message = 'Please reduce your request rate.'
    return { code: 'SlowDown', reason: 'upstream-busy', message, source: 'internal', cause }
  }
  if (cause instanceof EarlySuccess) {
    return fault('BadGateway', 'early-answer', 'S3 answered before it had the whole body.', cause)
  }
  switch (failureKind(cause)) {
    case 'timeout':
      return fault('GatewayTimeout', 'upstream-timeout', 'S3 did not answer in time.', cause)
    case 'dns':
    case 'connect':
      return fault('ServiceUnavailable', 'upstream-unreachable', UNAVAILABLE, cause)
    case 'tls':
      return fault('ServiceUnavailable', 'upstream-tls', UNAVAILABLE, cause)
    case 'reset':
    case 'aborted':
      return upstreamClosed(cause)
    case undefined:
      return {
        code: 'InvalidRequest',
        reason: 'unsendable-request',
        message: 'The request cannot be sent to S3 over HTTP.',
        source: 'downstream',
        cause,
      }
  }
}

/** Returns whether a request failed because the endpoint is unreachable. */
export function isUnreachable({ reason }: S3Error): boolean {
  return reason === 'upstream-unreachable' || reason === 'upstream-tls'
}

/** The answer if the connection broke before any part of the answer was sent to the client. */
export function upstreamClosed(cause: Error): S3Error {
  return fault('BadGateway', 'upstream-closed', 'S3 closed the connection.', cause)
}

const UNAVAILABLE = 'Service is unable to handle request.'

function fault(code: S3Error['code'], reason: Reason, message: string, cause: Error): S3Error {
  return { code, reason, message, source: 'upstream', cause }
}

function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
