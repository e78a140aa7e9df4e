import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { limitUnreadBody } from '../proxy/limit-unread-body.ts'
import { ERROR_STATUS, type S3Error } from '../s3/error.ts'
import { buildErrorDocument } from '../s3/error-document.ts'
import type { ExchangeIds } from '../service/listener-host.ts'

/** A refusal as sent: an S3 error document, as everywhere else. */
interface RefusalAnswer {
  readonly status: number
  /** Flat: name, value, … */
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** Builds the answer; without a body for HEAD. It closes the connection. */
export function buildRefusal(error: S3Error, ids: ExchangeIds, isHead: boolean): RefusalAnswer {
  const mustAuthenticate = error.reason === 'egress-proxy-authentication'
  const context = { resource: '', requestId: ids.requestId, hostId: ids.hostId }
  const body = Buffer.from(isHead ? '' : buildErrorDocument(error, context), 'utf8')
  const headers = [
    'x-amz-request-id',
    ids.requestId,
    'x-amz-id-2',
    ids.hostId,
    'x-sealgate-reason',
    error.reason,
    'content-type',
    'application/xml',
    'connection',
    'close',
  ]
  if (!isHead) headers.push('content-length', String(body.length))
  if (mustAuthenticate)
    headers.push('proxy-authenticate', 'Basic realm="sealgate", charset="UTF-8"')
  // S3 does not use 407, so no error code has it.
  return { status: mustAuthenticate ? 407 : ERROR_STATUS[error.code], headers, body }
}

/** Answers a request. */
export function answerRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: RefusalAnswer,
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  response.writeHead(status, [...headers])
  response.end(body)
  limitUnreadBody({ request, body: undefined })
}

/** How long a client may take to read the answer and close. */
const LINGER_MS = 5_000

/** Answers CONNECT and Upgrade, after node:http has released the socket. */
export function writeRefusal(socket: Duplex, { status, headers, body }: RefusalAnswer): void {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]))
}
