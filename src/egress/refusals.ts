import { refusal, type S3Error } from '../s3/error.ts'
import type { S3HostForm } from '../s3/s3-host.ts'

/** The reason of the one refusal whose status is 407. */
export const PROXY_AUTHENTICATION = 'egress-proxy-authentication'

/** 407: the client has to say who it is, or has said it wrongly. */
export function proxyAuthenticationRequired(): S3Error {
  const message = 'This proxy asks for an access key id and a secret access key.'
  return refusal('AccessDenied', PROXY_AUTHENTICATION, message)
}

/** 403: not on the list. */
export function hostNotAllowed(hostname: string): S3Error {
  return refusal(
    'AccessDenied',
    'egress-host-not-allowed',
    `The host ${hostname} is not among those that this proxy lets through.`,
  )
}

/** 403: S3, but in a form (access point, website, …) to which no policy is applied. */
export function unsupportedHost(form: S3HostForm): S3Error {
  return refusal(
    'AccessDenied',
    'egress-s3-form-unsupported',
    `S3 endpoints of this form (${form}) are not let through; use the bucket's own endpoint.`,
  )
}

/** 403: CONNECT to S3 where nothing is intercepted; it is never tunnelled. */
export function interceptionOff(): S3Error {
  return refusal(
    'AccessDenied',
    'egress-intercept-off',
    'This proxy does not open connections to S3, and does not tunnel them.',
  )
}

/** 400: the target is neither of the proxy's forms. */
export function badTarget(): S3Error {
  return refusal(
    'InvalidURI',
    'egress-target',
    'The request target must be in absolute-form, or host:port for CONNECT.',
  )
}

/** 400: the Host field and the place where the request goes are two. */
export function hostMismatch(): S3Error {
  return refusal(
    'InvalidRequest',
    'egress-host-mismatch',
    'The Host header must be there once and name the host of the request target.',
  )
}

/** 403: `https://` to another host in plain text; only CONNECT can carry that. */
export function schemeNotAllowed(): S3Error {
  return refusal('AccessDenied', 'egress-scheme', 'https to this host needs CONNECT.')
}

/** 405: Upgrade has no meaning to S3, and only `websocket` goes to other hosts. */
export function upgradeNotAllowed(): S3Error {
  return refusal('MethodNotAllowed', 'egress-upgrade', 'This upgrade is not let through.')
}

/** No status: the client and we did not come to terms on TLS; it may not know the authority. */
export function handshakeFailed(cause: unknown): S3Error {
  const message = 'A TLS handshake for S3 failed.'
  return {
    code: 'AccessDenied',
    reason: 'egress-tls-handshake',
    message,
    source: 'downstream',
    cause,
  }
}

/** 502: the other host did not keep to HTTP, or went away. */
export function relayFailed(cause: unknown): S3Error {
  const message = 'The host ended the connection before its answer was whole.'
  return { code: 'BadGateway', reason: 'egress-relay', message, source: 'upstream', cause }
}
