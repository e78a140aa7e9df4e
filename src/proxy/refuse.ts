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
 * Answers the client ourselves: with an S3 error document, or only the status for HEAD. If an
 * answer has already begun, the socket is destroyed instead.
 *
 * If the client waits for a 100, the connection is closed, because it is unknown whether a body
 * follows. A client that is already sending also gets its answer. `resource`: as returned by {@link
 * refusedResource}. `idleMs`: how long the client may leave the answer unread. `cors`: fields that
 * let a page of another origin read it.
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
  // The client has disconnected.
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
    headers.push('Retry-After', String(error.retryAfterSeconds ?? 1))
  }
  exchange.countAnswered(body.length)
  if (exchange.expectsContinue && !exchange.hasContinued) headers.push('Connection', 'close')
  response.writeHead(status, headers)
  response.end(body)
  limitUnsentAnswer(exchange, idleMs)
  limitUnreadBody(exchange)
}

/**
 * Builds the document of a refusal after the head of a success was sent, as in S3's own late
 * errors. Without a declaration, because blanks precede it.
 */
export function refuseLate(exchange: Exchange, resource: string, error: S3Error): Buffer {
  exchange.end({ kind: 'refused', error })
  return Buffer.from(buildErrorElement(error, errorContext(exchange, resource)), 'utf8')
}

/**
 * Returns the resource that a refusal names: never the query, which contains signatures and tokens.
 */
export function refusedResource(exchange: Exchange, request: S3Request | undefined): string {
  return request?.target.rawPath ?? exchange.rawTarget.split('?', 1)[0] ?? ''
}

function errorContext({ requestId, hostId }: Exchange, resource: string) {
  return { resource, requestId, hostId }
}
