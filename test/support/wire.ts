import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import type { Field } from './signer.ts'

/** A request exactly as it goes on the wire. */
export interface WireRequest {
  readonly method: string
  /** Raw target, latin1. */
  readonly target: string
  readonly fields: readonly Field[]
  readonly body: Buffer
}

/** Where a server listens on loopback. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** What came back. Status 0: the connection was cut before a head came. */
export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** False: the connection was cut before the announced end of the body. */
  readonly whole: boolean
}

const TIMEOUT_MS = 30_000

/** Sends one request and collects its answer. */
export function send(address: Address, wire: WireRequest, agent?: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const outgoing = request({
      host: address.host,
      port: address.port,
      method: wire.method,
      path: wire.target,
      headers: wire.fields.flat(),
      setHost: false,
      agent: agent ?? false,
      timeout: TIMEOUT_MS,
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')))
    outgoing.on('error', () => resolve(CUT))
    outgoing.on('response', (incoming) => {
      const parts: Buffer[] = []
      const end = (whole: boolean) =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: headersOf(incoming.rawHeaders),
          body: Buffer.concat(parts),
          whole,
        })
      incoming.on('data', (part: Buffer) => parts.push(part))
      incoming.on('end', () => end(true))
      incoming.on('error', () => end(false))
      incoming.on('close', () => end(incoming.complete))
    })
    outgoing.end(wire.body)
  })
}

/**
 * Sends the head and what there is of the body, however many bytes the head announces, then ends
 * the sending side: a client that died half way.
 */
export function sendCutShort(address: Address, wire: WireRequest): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect(address.port, address.host)
    const parts: Buffer[] = []
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy())
    socket.on('data', (part: Buffer) => parts.push(part))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(parseAnswer(Buffer.concat(parts))))
    const head = wire.fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(`${wire.method} ${wire.target} HTTP/1.1\r\n${head}\r\n`, 'latin1')
    socket.end(wire.body)
  })
}

/** A pool of connections for one suite. */
export function newAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 16 })
}

const CUT: Answer = { status: 0, headers: new Map(), body: Buffer.alloc(0), whole: false }

function parseAnswer(raw: Buffer): Answer {
  const end = raw.indexOf('\r\n\r\n')
  const [start = '', ...lines] = raw.subarray(0, Math.max(end, 0)).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1] ?? 0)
  if (status === 0) return CUT
  const fields = lines.flatMap((line) => {
    const cut = line.indexOf(':')
    return [line.slice(0, cut), line.slice(cut + 1).trim()]
  })
  return { status, headers: headersOf(fields), body: raw.subarray(end + 4), whole: true }
}

function headersOf(raw: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const before = headers.get(name)
    headers.set(name, before === undefined ? (raw[i + 1] ?? '') : `${before}, ${raw[i + 1]}`)
  }
  return headers
}
