import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** CONNECT and Upgrade have no meaning to S3. */
export function refuseSocket(_: IncomingMessage, socket: Duplex): void {
  socket.end('HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
}

/** What node:http's parser refused: no request, so no audit line; S3 answers the same way. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, message] = describe(error.code)
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/xml\r\nx-sealgate-reason: malformed-http\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
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
