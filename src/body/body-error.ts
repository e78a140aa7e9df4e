import type { S3Error } from '../s3/error.ts'

/**
 * What a body stream destroys itself with when the body is not what it says it is. Whoever reads
 * the stream answers the client with `s3` and aborts the upstream request, which has not reached
 * its Content-Length then, so that S3 discards it.
 */
export class BodyError extends Error {
  readonly s3: S3Error

  constructor(s3: S3Error) {
    super(`${s3.code}: ${s3.message}`, s3.cause === undefined ? undefined : { cause: s3.cause })
    this.name = 'BodyError'
    this.s3 = s3
  }
}
