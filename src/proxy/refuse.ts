import { ERROR_STATUS, type S3Error } from '../s3/error.ts'
import { buildErrorDocument } from '../s3/error-document.ts'
import type { Exchange } from './exchange.ts'

/** How much of a refused upload is read and thrown away, and for how long, so that the client gets its answer. */
const LINGER_BYTES_MAX = 4 * 1024 * 1024
const LINGER_MS = 5_000

/**
 * Answers the client ourselves: an S3 error document, or the bare status for HEAD. After the first
 * byte of an answer there is no document any more: the socket is cut.
 *
 * A client that is still sending its body would lose the answer to a TCP reset if we closed at once,
 * so what it sends is thrown away for a while before the connection is closed.
 *
 * Source: RFC 9112 section 9.6 (lingering close), section 9.3
 */
export function refuse(exchange: Exchange, error: S3Error): void {
  const { request, response } = exchange
  exchange.ending = { kind: 'refused', error }
  exchange.status = ERROR_STATUS[error.code]
  if (response.headersSent) {
    response.destroy()
    return
  }
  const isHead = request.method === 'HEAD'
  const document = isHead ? '' : buildErrorDocument(error, errorContext(exchange))
  const body = Buffer.from(document, 'utf8')
  const headers = [
    'x-amz-request-id',
    exchange.requestId,
    'x-amz-id-2',
    exchange.hostId,
    'x-sealgate-reason',
    error.reason,
    'content-type',
    'application/xml',
  ]
  if (!isHead) headers.push('content-length', String(body.length))
  if (error.code === 'SlowDown' || error.code === 'ServiceUnavailable') {
    headers.push('retry-after', '1')
  }
  exchange.responseBytes = body.length
  const hasUnreadBody = !request.complete && mayHaveBody(exchange)
  if (!hasUnreadBody) {
    response.writeHead(exchange.status, headers)
    response.end(body)
    return
  }
  headers.push('connection', 'close')
  response.writeHead(exchange.status, headers)
  response.write(body)
  if (exchange.expectsContinue && !exchange.continued) response.end()
  else linger(exchange)
}

function errorContext(exchange: Exchange) {
  return {
    resource: exchange.parsed?.target.path ?? exchange.request.url ?? '/',
    requestId: exchange.requestId,
    hostId: exchange.hostId,
  }
}

function mayHaveBody({ request }: Exchange): boolean {
  const { headers } = request
  if (headers['transfer-encoding'] !== undefined) return true
  return headers['content-length'] !== undefined && headers['content-length'] !== '0'
}

function linger({ request, response }: Exchange): void {
  let bytes = 0
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, LINGER_MS)
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES_MAX) end()
  })
  request.on('end', end)
  request.on('close', end)
  request.resume()
}
