import { randomBytes } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { headerListFromRaw } from '../base/header-list.ts'
import type { Answer, AnswerFiles, FileRange } from './exchange.ts'
import { S3Fault } from './fault.ts'
import { writeError } from './xml.ts'

/** Files up to that size are sent from memory in one write with the head. */
const SMALL_BYTES_MAX = 65_536

/** How much of a body that was refused is read, and dropped, so that the client sees the answer. */
const DRAIN_BYTES_MAX = 4_194_304

/** A request of node:http, with access to its body. */
export interface Arrival {
  readonly method: string
  readonly rawTarget: string
  readonly rawHeaders: readonly string[]
  readonly headers: readonly string[]
  /** Returns the body; answers `Expect: 100-continue`. */
  body(): AsyncIterable<Buffer>
}

/** Checks and answers one request. A thrown fault is answered as an error document. */
type Handler = (arrival: Arrival) => Promise<Answer>

/**
 * Makes the HTTP server: S3's request ids, error documents, no time limit on a whole request, and
 * `100 Continue` only when the handler asks for the body.
 */
export function createSandboxServer(handle: Handler): Server {
  const server = createServer({
    keepAlive: true,
    noDelay: true,
    maxHeaderSize: 32_768,
    requestTimeout: 0,
    headersTimeout: 60_000,
    keepAliveTimeout: 60_000,
  })
  const listener = (expectsContinue: boolean) => (req: IncomingMessage, res: ServerResponse) => {
    serve(handle, req, res, expectsContinue).catch((error: unknown) => {
      res.destroy(error instanceof Error ? error : undefined)
    })
  }
  server.on('request', listener(false))
  server.on('checkContinue', listener(true))
  return server
}

async function serve(
  handle: Handler,
  req: IncomingMessage,
  res: ServerResponse,
  expectsContinue: boolean,
): Promise<void> {
  let isBodyAsked = false
  const arrival: Arrival = {
    method: req.method ?? '',
    rawTarget: req.url ?? '',
    rawHeaders: req.rawHeaders,
    headers: headerListFromRaw(req.rawHeaders),
    body() {
      if (expectsContinue && !isBodyAsked) res.writeContinue()
      isBodyAsked = true
      // Leaving the loop early must not destroy the socket: the refusal must still be sent.
      return req.iterator({ destroyOnReturn: false })
    },
  }
  const ids = newIds()
  const answer = await handle(arrival).catch((error: unknown) => errorAnswer(error, ids))
  if (req.destroyed && !req.complete) {
    if (typeof answer.body === 'object') answer.body.release()
    res.destroy()
    return
  }
  await send(answer, ids, req, res, expectsContinue && !isBodyAsked)
}

interface RequestIds {
  readonly requestId: string
  readonly hostId: string
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

function newIds(): RequestIds {
  const bytes = randomBytes(64)
  let requestId = ''
  for (let i = 0; i < 16; i++) requestId += ALPHABET[(bytes[i] ?? 0) % ALPHABET.length]
  return { requestId, hostId: bytes.toString('base64', 16) }
}

function errorAnswer(error: unknown, ids: RequestIds): Answer {
  const fault =
    error instanceof S3Fault
      ? error
      : // A bug or a full disk: the text helps whoever runs the sandbox.
        new S3Fault('InternalError', undefined, [['Cause', String(error)]])
  if (fault.status === 304) return { status: 304, headers: fault.headers }
  return {
    status: fault.status,
    headers: { ...fault.headers, 'content-type': 'application/xml' },
    body: writeError(fault, ids.requestId, ids.hostId),
  }
}

async function send(
  answer: Answer,
  ids: RequestIds,
  req: IncomingMessage,
  res: ServerResponse,
  isContinueOwed: boolean,
): Promise<void> {
  const { body } = answer
  const fields = [
    ...wireFields(answer.headers),
    ...['x-amz-request-id', ids.requestId, 'x-amz-id-2', ids.hostId, 'Server', 'AmazonS3'],
  ]
  // The body was not read to its end: what follows on this connection may be part of it.
  const isUnread = !req.complete || isContinueOwed
  if (isUnread) fields.push('Connection', 'close')
  if (typeof body === 'object') {
    res.writeHead(answer.status, fields)
    await sendFiles(body, res)
    return
  }
  const hasBody = req.method !== 'HEAD' && answer.status !== 204 && answer.status !== 304
  const bytes = hasBody ? Buffer.from(body ?? '') : undefined
  if (bytes !== undefined) fields.push('Content-Length', String(bytes.length))
  res.writeHead(answer.status, fields)
  if (!isUnread || isContinueOwed) {
    res.end(bytes)
    return
  }
  if (bytes === undefined || bytes.length === 0) res.flushHeaders()
  else res.write(bytes)
  await drain(req)
  res.end()
}

/**
 * The fields in S3's spelling: `ETag`, `Last-Modified`, `x-amz-…`. htslib looks for `ETag: `
 * literally. Content-Disposition is first: node:http re-encodes its value if a Content-Length
 * precedes it.
 */
function wireFields(headers: Answer['headers']): readonly string[] {
  const fields: string[] = []
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'content-disposition') fields.unshift('Content-Disposition', value)
    else fields.push(wireName(name), value)
  }
  return fields
}

function wireName(name: string): string {
  if (name === 'etag') return 'ETag'
  return name.startsWith('x-') ? name : name.replace(/(?<=^|-)[a-z]/g, (c) => c.toUpperCase())
}

async function sendFiles(files: AnswerFiles, res: ServerResponse): Promise<void> {
  try {
    if (files.size <= SMALL_BYTES_MAX) res.end(Buffer.concat(files.ranges.map(readRange)))
    else await pipeline(() => readRanges(files.ranges), res)
  } finally {
    files.release()
  }
}

async function* readRanges(ranges: readonly FileRange[]): AsyncGenerator<Buffer> {
  for (const { path, start, size } of ranges) {
    yield* createReadStream(path, { start, end: start + size - 1, highWaterMark: 1 << 20 })
  }
}

function readRange(range: FileRange): Buffer {
  return readFileSync(range.path).subarray(range.start, range.start + range.size)
}

/** Reads what the client still sends, up to a limit: closing at once would reset the connection. */
async function drain(req: IncomingMessage): Promise<void> {
  let left = DRAIN_BYTES_MAX
  try {
    for await (const data of req.iterator({ destroyOnReturn: false })) {
      left -= (data as Buffer).length
      if (left < 0) return
    }
  } catch {
    // The client has disconnected.
  }
}
