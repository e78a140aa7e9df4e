import type { Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { ListenerConfig } from '../config/config.ts'
import { parseProxyHeader } from '../proxy/proxy-header.ts'
import { isWithin, noteSource, toldSource } from '../proxy/source-address.ts'

/** A load balancer sends it at once. */
const HEADER_MS = 5_000

/** The connections whose header has not come. */
export interface PendingSources {
  /** Destroys them. */
  destroy(): void
}

/**
 * Has a server read the PROXY header of each connection from a network that is trusted to send one, before
 * TLS and HTTP, and before anything else is told of the connection. There it has to come, whole and in
 * time, or the connection is closed; from anywhere else it is no header but malformed HTTP or TLS.
 */
export function readSources(server: Server, config: () => ListenerConfig): PendingSources {
  const pending = new Set<Socket>()
  const sources = new Map<string, string>()
  const listeners = server.listeners('connection')
  server.removeAllListeners('connection')
  const pass = (socket: Socket): void => {
    for (const listener of listeners) listener.call(server, socket)
  }
  server.on('connection', (socket: Socket) => {
    const { proxyProtocol } = config()
    if (proxyProtocol === undefined || !isWithin(proxyProtocol.from, socket.remoteAddress)) {
      pass(socket)
      return
    }
    pending.add(socket)
    socket.once('close', () => pending.delete(socket))
    readHeader(socket, (source) => {
      pending.delete(socket)
      if (source !== undefined) {
        noteSource(socket, source)
        rememberSource(sources, socket, source)
      }
      pass(socket)
    })
  })
  // The socket of TLS is another one, of the same two ends.
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const source = sources.get(endsOf(socket))
    if (source !== undefined) noteSource(socket, source)
  })
  return {
    destroy: () => {
      for (const socket of pending) socket.destroy()
    },
  }
}

function rememberSource(sources: Map<string, string>, socket: Socket, source: string): void {
  const ends = endsOf(socket)
  sources.set(ends, source)
  socket.once('close', () => {
    if (sources.get(ends) === source && toldSource(socket) === source) sources.delete(ends)
  })
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

function readHeader(socket: Socket, onHeader: (source: string | undefined) => void): void {
  let read = Buffer.alloc(0)
  const close = (): void => {
    socket.destroy()
  }
  const timer = setTimeout(close, HEADER_MS)
  const end = (): void => {
    clearTimeout(timer)
    socket.off('data', onData)
    socket.off('end', close)
    socket.off('error', close)
    socket.off('close', end)
  }
  const onData = (chunk: Buffer): void => {
    read = Buffer.concat([read, chunk])
    const header = parseProxyHeader(read)
    if (header.kind === 'incomplete') return
    end()
    if (header.kind === 'malformed') {
      close()
      return
    }
    socket.pause()
    const rest = read.subarray(header.bytes)
    if (rest.length > 0) socket.unshift(rest)
    onHeader(header.source)
    // TLS has taken the socket's handle and what was read; HTTP listens for data.
    if (socket.listenerCount('data') > 0) socket.resume()
  }
  socket.on('data', onData)
  socket.on('end', close)
  socket.on('error', close)
  socket.once('close', end)
}
