import { type IncomingMessage, request } from 'node:http'
import type { Address, WireRequest } from '../support/wire.ts'

/** How a transfer ended for the client. */
export interface TransferEnd {
  /** 0: the connection was cut before a head came. */
  readonly status: number
  /** The body came to its announced end. */
  readonly whole: boolean
  readonly body: Buffer
}

/** An upload that stops half way until it is told to go on. */
export interface PausedUpload {
  /** Sends the rest, and gives how it ended. */
  readonly finish: () => Promise<TransferEnd>
}

/** Sends the head and the first `firstBytes` of the body; resolves when they left for the network. */
export function startUpload(
  address: Address,
  wire: WireRequest,
  firstBytes: number,
): Promise<PausedUpload> {
  const outgoing = open(address, wire)
  const end = endOf(outgoing)
  return new Promise((resolve) => {
    const started = {
      finish: () => {
        outgoing.end(wire.body.subarray(firstBytes))
        return end
      },
    }
    outgoing.write(wire.body.subarray(0, firstBytes), () => resolve(started))
    // Refused or cut before the half was out: that is an end too.
    end.then(
      () => resolve(started),
      () => resolve(started),
    )
  })
}

/** A download that stops after its first octets until it is told to go on. */
export interface PausedDownload {
  readonly status: number
  /** Reads the rest, and gives how it ended. */
  readonly finish: () => Promise<TransferEnd>
}

/** Sends a request and resolves when the head and some of the body are there; reads no further. */
export function startDownload(address: Address, wire: WireRequest): Promise<PausedDownload> {
  const outgoing = open(address, wire)
  return new Promise((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      const parts: Buffer[] = []
      const end = bodyOf(incoming, parts)
      incoming.once('data', () => {
        incoming.pause()
        const finish = () => {
          incoming.resume()
          return end
        }
        resolve({ status: incoming.statusCode ?? 0, finish })
      })
    })
    outgoing.end()
  })
}

/** One whole request on a connection of its own. */
export function transfer(address: Address, wire: WireRequest): Promise<TransferEnd> {
  const outgoing = open(address, wire)
  const end = endOf(outgoing)
  outgoing.end(wire.body)
  return end
}

function open(address: Address, wire: WireRequest) {
  return request({
    host: address.host,
    port: address.port,
    method: wire.method,
    path: wire.target,
    headers: wire.fields.flat(),
    setHost: false,
    agent: false,
  })
}

function endOf(outgoing: ReturnType<typeof request>): Promise<TransferEnd> {
  return new Promise((resolve) => {
    outgoing.on('error', () => resolve({ status: 0, whole: false, body: Buffer.alloc(0) }))
    outgoing.on('response', (incoming) => resolve(bodyOf(incoming, [])))
  })
}

function bodyOf(incoming: IncomingMessage, parts: Buffer[]): Promise<TransferEnd> {
  return new Promise((resolve) => {
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('error', () => undefined)
    incoming.on('close', () =>
      resolve({
        status: incoming.statusCode ?? 0,
        whole: incoming.complete,
        body: Buffer.concat(parts),
      }),
    )
  })
}
