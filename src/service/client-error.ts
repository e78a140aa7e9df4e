import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** How long a client may take to read such an answer and to close. */
const LINGER_MS = 2_000

/**
 * CONNECT and Upgrade have no meaning to S3. node:http has let go of the socket and taken its
 * listeners off: without one for errors a client's reset would end the process, and without a reader
 * its end would not be seen. Behind a request that has not been answered whole the socket is cut: our
 * answer would be taken for that one's, or land inside of it.
 */
export function refuseSocket(_: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  if (answerOf(socket) !== undefined) {
    socket.destroy()
    return
  }
  socket.resume()
  endSoon(
    socket,
    'HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
  )
}

/**
 * What node:http's parser refused: no request, so no audit line; S3 answers the same way. Where the
 * answer to an earlier request is on its way the socket is cut: ours would land inside of it, and
 * could make half of an object look whole.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || answerOf(socket)?.headersSent) {
    socket.destroy()
    return
  }
  const [code, message] = describe(error.code)
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  endSoon(
    socket,
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/xml\r\nx-sealgate-reason: malformed-http\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function endSoon(socket: Duplex, answer: string): void {
  socket.end(answer)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}

/**
 * The answer that is due on the connection; undefined: none. Not in node's types; node:http's own handler
 * of errors looks there, too.
 */
export function answerOf(socket: Duplex): ServerResponse | undefined {
  const { _httpMessage: answer } = socket as Duplex & { _httpMessage?: ServerResponse | null }
  return answer ?? undefined
}

function describe(code: string | undefined): readonly [string, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        'RequestHeaderSectionTooLarge',
        'Your request header section exceeds the maximum allowed size.',
      ]
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['RequestTimeout', 'The request head did not arrive in time.']
    default:
      return ['InvalidRequest', 'The request is not well-formed HTTP/1.1.']
  }
}
