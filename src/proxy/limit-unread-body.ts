import type { Exchange } from './exchange.ts'

/**
 * How much of a body that nobody wants is read and thrown away, and for how long. 64 MiB is the
 * largest part that clients upload by default, and leaves room for its framing; the time is the
 * one that nginx gives (`lingering_time`).
 */
export const DISCARD_BYTES_MAX = 80 * 1024 * 1024
export const DISCARD_MS = 30_000

/**
 * After an answer that came before the end of the request's body: a client that is still sending
 * would lose the answer to a TCP reset if we closed at once, and many clients read only when they
 * have sent all. node:http discards what comes, and the connection stays usable if that ends soon;
 * what does not end within these limits is cut.
 *
 * Source: RFC 9112 section 9.3 and 9.6
 */
export function limitUnreadBody({ request, body }: Pick<Exchange, 'request' | 'body'>): void {
  body?.destroy()
  if (request.complete) return
  const { socket } = request
  const start = socket.bytesRead
  const timer = setTimeout(() => socket.destroy(), DISCARD_MS)
  const look = (): void => {
    if (socket.bytesRead - start > DISCARD_BYTES_MAX) socket.destroy()
  }
  const end = (): void => {
    clearTimeout(timer)
    request.off('data', look)
    request.off('end', end)
    socket.off('close', end)
  }
  request.on('data', look)
  request.once('end', end)
  // Not the request's: node:http forgets a request that has been answered, and never closes it.
  socket.once('close', end)
  request.resume()
}
