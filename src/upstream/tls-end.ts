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
 * failing). `_handle` and its `_parent` are not public. If they
 * change, every end counts as broken off, and the test
 * reports this for each Node version.
 *
 * Source: RFC 9112 section 9.8
 */
export function watchTlsEnd(socket: TLSSocket): void {
  const push = socket.push.bind(socket)
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null && !isTcpOpen(socket)) socket.emit(BROKEN_OFF)
    return push(chunk, encoding)
  }
}

function isTcpOpen(socket: TLSSocket): boolean {
  const tls = Object(Reflect.get(socket, '_handle'))
  // Paused: an end of TCP would not be noticed.
  if (Reflect.get(tls, 'reading') === false) return true
  const tcp = Object(Reflect.get(tls, '_parent'))
  const readStart: unknown = Reflect.get(tcp, 'readStart')
  return typeof readStart === 'function' && Reflect.apply(readStart, tcp, []) !== 0
}
