import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'

/** One request on a real connection, seen from both sides; nothing of its body has been read. */
export interface Incoming {
  readonly client: Socket
  readonly request: IncomingMessage
  readonly response: ServerResponse
  close(): Promise<void>
}

/** Opens a connection, sends the octets and gives the request that they begin. */
export async function receive(octets: string): Promise<Incoming> {
  let arrived: (pair: readonly [IncomingMessage, ServerResponse]) => void = () => undefined
  const arrival = new Promise<readonly [IncomingMessage, ServerResponse]>((resolve) => {
    arrived = resolve
  })
  const server = createServer({ requireHostHeader: false }, (request, response) =>
    arrived([request, response]),
  )
  const port = await listen(server)
  const client = connect(port, '127.0.0.1')
  client.on('error', () => undefined)
  client.write(Buffer.from(octets, 'latin1'))
  const [request, response] = await arrival
  return {
    client,
    request,
    response,
    close: async () => {
      client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}
