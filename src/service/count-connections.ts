import type { Server } from 'node:net'

/** Counts the connections that a server has open, from now on. */
export function countConnections(server: Server): () => number {
  let open = 0
  server.on('connection', (socket) => {
    open++
    socket.once('close', () => {
      open--
    })
  })
  return () => open
}
