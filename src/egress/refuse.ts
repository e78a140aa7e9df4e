import type { IncomingMessage, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { limitUnreadBody } from '../proxy/limit-unread-body.ts'
import { ERROR_STATUS, type S3Error } from '../s3/error.ts'
import { buildErrorDocument } from '../s3/error-document.ts'
import type { ExchangeIds } from '../service/listener-host.ts'
import type { Passage } from './passage.ts'

/** A refusal as sent: an S3 error document, as everywhere else. */
interface RefusalAnswer {
  readonly status: number
  /** Flat: name, value, … */
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** Refuses a request, and ends its record. */
export function refuseRequest(
  passage: Passage,
  request: IncomingMessage,
  response: ServerResponse,
  error: S3Error,
): void {
  const answer = buildRefusal(error, passage.ids, request.method === 'HEAD')
  answerRefusal(request, response, answer)
  const { status } = answer
  passage.end({ status, reason: error.reason, error, responseBytes: answer.body.length })
}

/** Refuses CONNECT or Upgrade, and ends the record. */
export function refuseSocket(passage: Passage, socket: Duplex, error: S3Error): void {
  const answer = buildRefusal(error, passage.ids, false)
  writeRefusal(socket, answer)
  const { status } = answer
  passage.end({ status, reason: error.reason, error, responseBytes: answer.body.length })
}

/** Builds the answer; without a body for HEAD. It closes the connection. */
function buildRefusal(error: S3Error, ids: ExchangeIds, isHead: boolean): RefusalAnswer {
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
function answerRefusal(
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
function writeRefusal(socket: Duplex, { status, headers, body }: RefusalAnswer): void {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
  socket.on('error', () => socket.destroy())
  socket.resume()
  socket.end(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]))
}
