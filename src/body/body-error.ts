import type { S3Error } from '../s3/error.ts'

/**
 * Destroys a body stream whose content does not match its head. The reader of the stream answers
 * the client with `s3` and aborts the upstream request. That request has not reached its
 * Content-Length, so S3 discards it.
 */
export class BodyError extends Error {
  readonly s3: S3Error

  constructor(s3: S3Error) {
    super(`${s3.code}: ${s3.message}`, s3.cause === undefined ? undefined : { cause: s3.cause })
    this.name = 'BodyError'
    this.s3 = s3
  }
}
