import { errors } from 'undici'
import { bodyFailure, isBodyFailure } from '../body/body-failure.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'

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
  return { ...refusal(reasonOf(cause)), cause }
}

function reasonOf(cause: Error) {
  if (cause instanceof NoFreeConnection) return 'upstream-busy'
  if (cause instanceof EarlySuccess) return 'early-answer'
  switch (failureKind(cause)) {
    case 'timeout':
      return 'upstream-timeout'
    case 'dns':
    case 'connect':
      return 'upstream-unreachable'
    case 'tls':
      return 'upstream-tls'
    case 'reset':
    case 'aborted':
      return 'upstream-closed'
    case undefined:
      return 'unsendable-request'
  }
}

/** Returns whether a request failed because the endpoint is unreachable. */
export function isUnreachable({ reason }: S3Error): boolean {
  return reason === 'upstream-unreachable' || reason === 'upstream-tls'
}

function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
