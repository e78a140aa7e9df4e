import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** What went through a tunnel. */
export interface TunnelBytes {
  readonly fromClient: number
  readonly toClient: number
}

/**
 * Joins two sockets until both are closed: what one ends is ended on the other, an error or a silence
 * of `idleMs` in both directions closes both. Gives the octets that went through; never rejects.
 */
export function joinSockets(client: Duplex, other: Socket, idleMs: number): Promise<TunnelBytes> {
  const read = other.bytesRead
  const written = other.bytesWritten
  return new Promise((resolve) => {
    let open = 2
    const cut = (): void => {
      client.destroy()
      other.destroy()
    }
    const onClose = (): void => {
      open--
      if (open > 0) cut()
      else {
        resolve({ fromClient: other.bytesWritten - written, toClient: other.bytesRead - read })
      }
    }
    for (const socket of [client, other]) {
      socket.once('close', onClose)
      socket.on('error', cut)
    }
    // Every octet passes this socket, whichever way it goes.
    other.setTimeout(idleMs, cut)
    client.pipe(other)
    other.pipe(client)
    if (client.destroyed || other.destroyed) cut()
  })
}
