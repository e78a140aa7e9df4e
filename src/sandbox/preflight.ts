import { CORS_METHODS, type CorsRule } from './cors-configuration.ts'
import { corsHeaders, findCorsRule, readCorsQuestion } from './cors-decision.ts'
import { type Answer, emptyAnswer } from './exchange.ts'
import { S3Fault } from './fault.ts'
import { header, type SandboxRequest } from './request.ts'

/** The bucket of a preflight. */
export interface PreflightBucket {
  /** Undefined if the bucket has none. */
  readonly cors?: readonly CorsRule[] | undefined
}

const NOT_ALLOWED =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."

/**
 * OPTIONS on a bucket or an object: it is unsigned, and a presigned URL's parameters are ignored.
 */
export function isPreflight({ method, bucket }: SandboxRequest): boolean {
  return method === 'OPTIONS' && bucket !== undefined
}

/**
 * Answers a CORS preflight by the bucket's rules; `bucket` is undefined if it does not exist. The
 * key is not looked up. Throws `BadRequest` and `AccessForbidden`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html; codes, texts and
 * their order as recorded from S3 by LocalStack (test_s3_cors), of a missing or unknown method by
 * Eucalyptus's tests
 */
export function answerPreflight(
  request: SandboxRequest,
  bucket: PreflightBucket | undefined,
): Answer {
  const question = readCorsQuestion(request.method, request.headers)
  if (question === undefined) {
    throw new S3Fault('BadRequest', 'Insufficient information. Origin request header needed.')
  }
  if (bucket === undefined) throw forbidden('CORSResponse: Bucket not found', question.method)
  if (bucket.cors === undefined) {
    throw forbidden('CORSResponse: CORS is not enabled for this bucket.', question.method)
  }
  const asked = header(request, 'access-control-request-method')
  if (!CORS_METHODS.some((method) => method === asked)) {
    throw new S3Fault('BadRequest', `Invalid Access-Control-Request-Method: ${asked ?? 'null'}`)
  }
  const rule = findCorsRule(bucket.cors, question)
  if (rule !== undefined) return emptyAnswer(200, { ...corsHeaders(rule, question) })
  throw forbidden(NOT_ALLOWED, question.method, request.key === undefined ? 'BUCKET' : 'OBJECT')
}

function forbidden(
  message: string,
  method: string,
  resourceType: 'BUCKET' | 'OBJECT' = 'BUCKET',
): S3Fault {
  return new S3Fault('AccessForbidden', message, [
    ['Method', method],
    ['ResourceType', resourceType],
  ])
}
