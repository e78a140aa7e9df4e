import type { Test } from 'tap'
import type { ListenerConfig } from '../../src/config/config.ts'
import { Exchange } from '../../src/proxy/exchange.ts'
import { readRequest, type S3Request } from '../../src/request/read-request.ts'
import { RawConnection } from '../support/raw-http.ts'
import { type Incoming, receive } from './incoming.ts'

/** An exchange on a real connection, and the client's side of it. */
export interface TestExchange extends Incoming {
  readonly exchange: Exchange
  /** Undefined if it cannot be read. */
  readonly parsed: S3Request | undefined
  /** What the client gets; reads the socket. */
  readonly raw: RawConnection
}

const LISTENER: ListenerConfig = {
  kind: 's3',
  address: { host: '127.0.0.1', port: 0 },
  hosts: ['h'],
  tls: undefined,
  isLoopback: true,
  proxyProtocol: undefined,
  forwardedFor: undefined,
  egress: undefined,
}

/** Silence that no test waits for. */
export const IDLE_MS = 60_000

/** Sends the octets (a request for host `h`) and gives the exchange; parsed where it can be. */
export async function exchangeOf(
  t: Test,
  octets: string,
  expectsContinue = false,
): Promise<TestExchange> {
  const incoming = await receive(octets)
  t.teardown(() => incoming.close())
  const ids = { requestId: 'REQUESTID0000001', hostId: 'HOSTID' }
  const { request, response } = incoming
  const exchange = new Exchange(LISTENER, request, response, ids, expectsContinue)
  const read = readRequest(
    request.method ?? '',
    exchange.rawTarget,
    exchange.headers,
    exchange.hosts,
    new Set(),
  )
  const parsed = read.ok ? read.value : undefined
  return { ...incoming, exchange, parsed, raw: new RawConnection(incoming.client) }
}
