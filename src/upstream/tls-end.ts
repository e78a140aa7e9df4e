import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Emitted by a TLS socket before its `end`, where its peer did not say that it ends there. */
export const BROKEN_OFF = 'sealgate-broken-off'

/**
 * Tells an end of TLS that the peer has said (close_notify) from a TCP connection that merely ends:
 * anybody on the way can do that, and what has no length would look whole. Node gives `end` for both.
 *
 * What tells them apart is when node ends the stream: at the alert while TCP is still read, and
 * otherwise because TCP has ended, when libuv has stopped reading (`readStart` then begins anew,
 * instead of refusing). `_handle` is not public. Were it to change, every end would be taken for broken off,
 * and the test of it says so for each Node version.
 *
 * Source: RFC 9112 section 9.8
 */
export function watchTlsEnd(socket: TLSSocket, tcp: Socket): void {
  const push = socket.push.bind(socket)
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null && !isTcpOpen(socket, tcp)) socket.emit(BROKEN_OFF)
    return push(chunk, encoding)
  }
}

function isTcpOpen(socket: TLSSocket, tcp: Socket): boolean {
  // Held back: an end of TCP would not be noticed.
  if (Reflect.get(Object(handleOf(socket)), 'reading') === false) return true
  const handle = handleOf(tcp)
  const readStart: unknown = Reflect.get(Object(handle), 'readStart')
  return typeof readStart === 'function' && Reflect.apply(readStart, handle, []) !== 0
}

function handleOf(socket: Socket): unknown {
  return Reflect.get(socket, '_handle')
}
