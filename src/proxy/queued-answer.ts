import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * For an answer that waits behind another one on its connection (pipelining): if it has been
 * destroyed when its turn comes, the connection is destroyed. Node 20 does this itself; newer
 * versions send the written part of the answer and then hang.
 */
export function cutWhereDestroyed(response: ServerResponse): void {
  response.once('socket', (socket: Socket) => {
    if (response.destroyed) socket.destroy()
  })
}
