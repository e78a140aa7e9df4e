import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * For an answer that waits behind another one on its connection (pipelining): where it has been
 * destroyed by the time its turn comes, the connection is cut. Node 20 does that by itself; newer ones
 * send what has been written of the answer, and then nothing, for ever.
 */
export function cutWhereDestroyed(response: ServerResponse): void {
  response.once('socket', (socket: Socket) => {
    if (response.destroyed) socket.destroy()
  })
}
