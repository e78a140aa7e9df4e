import { AsyncLocalStorage } from 'node:async_hooks'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { receiveRequests } from '../../src/proxy/receive-requests.ts'
import { Strangers } from '../../src/proxy/strangers.ts'
import { exchangeOctets } from '../support/raw-socket.ts'

t.test('each pipelined request begins in its own context, one that has waited too', async (t) => {
  const traces = new AsyncLocalStorage<string>()
  const server = createServer()
  // As instrumentation of node:http does it, by whatever event a request comes.
  const emit = server.emit.bind(server)
  server.emit = (event: string, ...facts: unknown[]): boolean => {
    const url: unknown = Reflect.get(Object(facts[0]), 'url')
    return typeof url === 'string'
      ? traces.run(url, () => emit(event, ...facts))
      : emit(event, ...facts)
  }
  const strangers = new Strangers(10, () => undefined)
  const found: (readonly [url: string | undefined, trace: string | undefined])[] = []
  receiveRequests(
    server,
    (request, response) => {
      found.push([request.url, traces.getStore()])
      request.resume()
      setImmediate(() => response.end(request.url))
    },
    strangers,
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const put = (url: string) => `PUT ${url} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx`
  const get = 'GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
  await exchangeOctets(port, put('/1') + put('/2') + get)
  t.strictSame(found, [
    ['/1', '/1'],
    ['/2', '/2'],
    ['/3', '/3'],
  ])
})
