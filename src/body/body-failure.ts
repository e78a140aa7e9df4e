import { refusal, type S3Error } from '../s3/error.ts'
import { BodyError } from './body-error.ts'
import { DownstreamBodyError } from './downstream-body-error.ts'

/** Returns whether a request failed because of its body, not because of the upstream. */
export function isBodyFailure(error: Error): error is BodyError | DownstreamBodyError {
  return error instanceof BodyError || error instanceof DownstreamBodyError
}

/** Returns the answer for a body that does not match its head, or that did not arrive. */
export function bodyFailure(error: Error): S3Error {
  if (error instanceof BodyError) return error.s3
  const kind = error instanceof DownstreamBodyError ? error.kind : 'aborted'
  switch (kind) {
    case 'idle':
      return refusal(
        'RequestTimeout',
        'body-idle',
        'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
      )
    case 'malformed':
      return refusal(
        'InvalidRequest',
        'malformed-http',
        'The body of the request is not well-formed HTTP/1.1.',
      )
    case 'aborted':
      return refusal(
        'IncompleteBody',
        'client-gone',
        'You did not provide the number of bytes specified by the Content-Length HTTP header',
      )
  }
}
