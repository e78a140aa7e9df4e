import { refusal, type S3Error } from '../s3/error.ts'
import { BodyError } from './body-error.ts'
import { DownstreamBodyError } from './downstream-body-error.ts'

/** Tells whether a request failed for its body's sake, not the upstream's. */
export function isBodyFailure(error: Error): error is BodyError | DownstreamBodyError {
  return error instanceof BodyError || error instanceof DownstreamBodyError
}

/** What the client is told of its body: that it is not what it says, or that it did not come. */
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
