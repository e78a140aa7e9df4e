import type { Server } from 'node:net'

/** Counts the open connections of a server, from this call on. */
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
