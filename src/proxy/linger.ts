import type { Duplex } from 'node:stream'
import { DISCARD_BYTES_MAX, DISCARD_MS } from './limit-unread-body.ts'

/** How long a client may send less than {@link IDLE_BYTES} without ending its side. */
const IDLE_MS = 2_000
const IDLE_BYTES = 1024

/**
 * Reads and drops data on a connection that has ended on our side, until the client ends its own,
 * stops sending, or has sent too much. A client that is still sending would lose the last answer to
 * a TCP reset if the connection were closed at once.
 *
 * `resume`: the stream's own method, if it has been replaced.
 *
 * Source: RFC 9112 section 9.6
 */
export function linger(socket: Duplex, resume: Duplex['resume']): void {
  let bytes = 0
  let before = 0
  const startedAt = performance.now()
  // Removes the parser's listener, among others, because the data is not needed.
  socket.removeAllListeners('data')
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > DISCARD_BYTES_MAX) socket.destroy()
  })
  resume.call(socket)
  const timer = setInterval(() => {
    const isLong = performance.now() - startedAt > DISCARD_MS
    if (bytes - before < IDLE_BYTES || isLong) socket.destroy()
    before = bytes
  }, IDLE_MS)
  socket.once('close', () => clearInterval(timer))
}
