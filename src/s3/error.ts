import type { Reason } from './reasons.ts'
import type { SessionFacts } from './session-facts.ts'

/** Who is at fault: the client (`downstream`), S3 (`upstream`), or this program (`internal`). */
type ErrorSource = 'downstream' | 'upstream' | 'internal'

/**
 * The HTTP status of every S3 error code that Sealgate answers itself.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export const ERROR_STATUS = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BadRequest: 400,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  // None of S3's. SDKs repeat 500, 502, 503 and 504, which would store the object again.
  EncryptionNotConfirmed: 501,
  ExpectationFailed: 417,
  ExpiredToken: 400,
  GatewayTimeout: 504,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidChunkSizeError: 400,
  InvalidDigest: 400,
  InvalidPolicyDocument: 400,
  InvalidRequest: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedPOSTRequest: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MaxPostPreDataLengthExceeded: 400,
  MetadataTooLarge: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestHeaderSectionTooLarge: 400,
  RequestTimeout: 400,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  BadGateway: 502,
  XAmzContentSHA256Mismatch: 400,
} as const satisfies Readonly<Record<string, number>>

/** An S3 error code that Sealgate answers itself. */
export type ErrorCode = keyof typeof ERROR_STATUS

/**
 * A refusal or failure in S3's terms. `reason` is the kebab-case word of `x-sealgate-reason`, the
 * metric `sealgate_refusals_total` and the audit line; `extras` are further XML elements in order,
 * as S3 sends them (`HeadersNotSigned`, `Region`, …). It never contains a secret.
 */
export interface S3Error {
  readonly code: ErrorCode
  readonly message: string
  readonly reason: Reason
  readonly source: ErrorSource
  readonly extras?: readonly (readonly [name: string, value: string])[]
  /** When trying again is useful, for Retry-After; default for SlowDown and ServiceUnavailable: 1. */
  readonly retryAfterSeconds?: number
  /** For the audit only: the name of the identified client that is not allowed to do this. */
  readonly client?: string
  /** For the audit only: the session of that client. */
  readonly session?: SessionFacts
  /** For the log only: the underlying error. */
  readonly cause?: unknown
}
