import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Emitted by a TLS socket before its `end` if the peer did not send close_notify. */
export const BROKEN_OFF = 'sealgate-broken-off'

/**
 * Distinguishes a TLS end that the peer announced (close_notify) from a TCP connection that merely
 * ends. Anyone on the network path can cause the latter, and a body without a length would look
 * complete. Node emits `end` for both.
 *
 * The difference is when node ends the stream: either at the alert, while TCP is still read, or
 * because TCP has ended and libuv has stopped reading (`readStart` then starts again, instead of
 * failing). `_handle` is not public. If it changes, every end counts as broken off, and the test
 * reports this for each Node version.
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
  // Paused: an end of TCP would not be noticed.
  if (Reflect.get(Object(handleOf(socket)), 'reading') === false) return true
  const handle = handleOf(tcp)
  const readStart: unknown = Reflect.get(Object(handle), 'readStart')
  return typeof readStart === 'function' && Reflect.apply(readStart, handle, []) !== 0
}

function handleOf(socket: Socket): unknown {
  return Reflect.get(socket, '_handle')
}
