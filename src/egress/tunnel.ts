import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** The bytes that passed through a tunnel. */
interface TunnelBytes {
  readonly fromClient: number
  readonly toClient: number
}

/**
 * Joins two sockets until both are closed: the end of one ends the other; an error, or silence for
 * `idleMs` in both directions, closes both. Returns the transferred bytes; never rejects.
 */
export function joinSockets(client: Duplex, other: Socket, idleMs: number): Promise<TunnelBytes> {
  const read = other.bytesRead
  const written = other.bytesWritten
  return new Promise((resolve) => {
    const cut = (): void => {
      client.destroy()
      other.destroy()
    }
    const idle = setTimeout(cut, idleMs)
    const onData = (): void => {
      idle.refresh()
    }
    const onClose = (): void => {
      if (!client.closed || !other.closed) return
      clearTimeout(idle)
      resolve({ fromClient: other.bytesWritten - written, toClient: other.bytesRead - read })
    }
    for (const socket of [client, other]) {
      socket.on('error', cut)
      socket.on('data', onData)
      socket.once('close', () => {
        // An ended side has been ended on the other side too, which may still have to write.
        // Without an end, the connection was aborted.
        if (!socket.readableEnded) cut()
        onClose()
      })
    }
    client.pipe(other)
    other.pipe(client)
    if (client.destroyed || other.destroyed) cut()
    onClose()
  })
}
