import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
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
      return refusal('body-idle')
    case 'malformed':
      return refusal('malformed-http')
    case 'aborted':
      return refusal('client-gone')
  }
}
