import type { HeaderList } from '../base/header-list.ts'
import type { S3Request } from '../request/read-request.ts'
import { ERROR_STATUS, type S3Error } from '../s3/error.ts'
import { buildErrorDocument, buildErrorElement } from '../s3/error-document.ts'
import type { Exchange } from './exchange.ts'
import { limitUnreadBody } from './limit-unread-body.ts'
import { limitUnsentAnswer } from './limit-unsent-answer.ts'

/** Source: RFC 9110 section 15.5.6 */
const ALLOWED_METHODS = 'DELETE, GET, HEAD, OPTIONS, POST, PUT'

/**
 * Answers the client ourselves: an S3 error document, or the bare status for HEAD. After the first
 * byte of an answer there is no document any more: the socket is cut.
 *
 * A client that waits for a 100 keeps its body, and the connection is closed: whether a body follows
 * after all cannot be known. One that is already sending gets its answer too.
 * `resource`: as {@link refusedResource} names it. `idleMs`: how long the client may leave the answer
 * unread. `cors`: fields that let a page of another origin
 * read it.
 *
 * Source: RFC 9110 section 10.1.1
 */
export function refuse(
  exchange: Exchange,
  resource: string,
  error: S3Error,
  idleMs: number,
  cors: HeaderList = [],
): void {
  const { request, response } = exchange
  // Nobody is there to be told.
  if (exchange.ending.kind === 'aborted') return
  exchange.end({ kind: 'refused', error })
  const status = ERROR_STATUS[error.code]
  exchange.beginAnswer(status)
  if (response.headersSent) {
    response.destroy()
    return
  }
  const isHead = request.method === 'HEAD'
  const document = isHead ? '' : buildErrorDocument(error, errorContext(exchange, resource))
  const body = Buffer.from(document, 'utf8')
  const headers = [
    'x-amz-request-id',
    exchange.requestId,
    'x-amz-id-2',
    exchange.hostId,
    'x-sealgate-reason',
    error.reason,
    'Content-Type',
    'application/xml',
    ...cors,
  ]
  if (!isHead) headers.push('Content-Length', String(body.length))
  if (error.code === 'MethodNotAllowed') headers.push('Allow', ALLOWED_METHODS)
  if (error.code === 'SlowDown' || error.code === 'ServiceUnavailable') {
    headers.push('Retry-After', '1')
  }
  exchange.countAnswered(body.length)
  if (exchange.expectsContinue && !exchange.hasContinued) headers.push('Connection', 'close')
  response.writeHead(status, headers)
  response.end(body)
  limitUnsentAnswer(exchange, idleMs)
  limitUnreadBody(exchange)
}

/**
 * The document of a refusal that comes when the head of a success has gone out: S3's own way to tell an
 * error late. Without a declaration, as blanks stand before it.
 */
export function refuseLate(exchange: Exchange, resource: string, error: S3Error): Buffer {
  exchange.end({ kind: 'refused', error })
  return Buffer.from(buildErrorElement(error, errorContext(exchange, resource)), 'utf8')
}

/** What a refusal names as the resource: never the query, which holds signatures and tokens. */
export function refusedResource(exchange: Exchange, request: S3Request | undefined): string {
  return request?.target.rawPath ?? exchange.rawTarget.split('?', 1)[0] ?? ''
}

function errorContext({ requestId, hostId }: Exchange, resource: string) {
  return { resource, requestId, hostId }
}
