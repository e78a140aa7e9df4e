import type { Exchange } from './exchange.ts'

/**
 * How much of an unwanted body is read and dropped, and for how long. 64 MiB is the largest default
 * part size of clients, plus room for its framing; the time is nginx's (`lingering_time`).
 */
export const DISCARD_BYTES_MAX = 80 * 1024 * 1024
export const DISCARD_MS = 30_000

/**
 * Limits the body after an early answer. A client that is still sending would lose the answer to a
 * TCP reset if we closed at once, and many clients only read after they have sent everything.
 * node:http discards the rest, and the connection stays usable if that ends soon. Beyond these
 * limits the connection is destroyed.
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
  // Not the request's event: node:http never closes a request that has been answered.
  socket.once('close', end)
  request.resume()
}
