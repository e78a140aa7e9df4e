import { connect, createServer, type Socket } from 'node:net'
import { readBody } from './chunked-reading.ts'
import { buildRequest, encode, newDraft, type Pair } from './draft.ts'
import { lowerCase } from './judge-arrival.ts'
import { type ClientRequest, readClientRequest } from './judge-origin.ts'
import { Recorder } from './recorder.ts'
import type { Lane, Target } from './rig.ts'
import { isSelectingParameter } from './s3-reading.ts'
import type { Signed } from './signature-reading.ts'
import { readAnswer, readRequest, type WireField, type WireRequest } from './wire-reading.ts'
import { CONFIGURES, demandOf, UPSTREAM } from './world.ts'

/** What such a proxy does wrong. `nothing`: nothing that the fuzzer would see in plain requests. */
export type Carelessness =
  | 'nothing'
  | 'sets no encryption'
  | 'adds encryption if it is missing'
  | 'verifies no signature'
  | 'opens what is closed'
  | 'forwards unsigned headers'
  | 'stores broken bodies'
  | 'answers twice'
  | 'answers success by itself'
  | 'tells its own signature'
  | 'hands on the session token'
  | 'swaps keys'

const SSE = 'x-amz-server-side-encryption'
const FORBIDDEN = 'HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/**
 * A small proxy for the fuzzer's own test: it knows plain requests with a signature in the header, and
 * makes one mistake. A fuzzer that does not notice is worth nothing.
 */
export async function openCarelessLane(carelessness: Carelessness): Promise<Lane> {
  const recorder = new Recorder()
  const port = await recorder.listen()
  const target = await openTarget(port, carelessness)
  return {
    recorder,
    targets: { strict: target, lenient: target, sidecar: target },
    close: async () => {
      await target.close()
      await recorder.close()
      return ''
    },
  }
}

async function openTarget(upstreamPort: number, carelessness: Carelessness): Promise<Target> {
  let inflight = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    let bytes: Buffer = Buffer.alloc(0)
    let isServed = false
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', async (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      const read = readRequest(bytes)
      if (isServed || read.kind === 'partial') return
      if (read.kind === 'message' && !read.message.isWhole) return
      // One request a connection.
      isServed = true
      inflight++
      const answer =
        read.kind === 'message'
          ? await serve(read.message, upstreamPort, carelessness)
          : Buffer.from(FORBIDDEN)
      inflight--
      socket.end(answer)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    inflight: () => inflight,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      return ''
    },
  }
}

async function serve(
  request: WireRequest,
  upstreamPort: number,
  carelessness: Carelessness,
): Promise<Buffer> {
  const from = readClientRequest(request, Date.now(), 'strict')
  if (typeof from === 'string' || from.signed === undefined) {
    const target = request.target.replace(/\?.*/, '')
    const isLetIn =
      (carelessness === 'verifies no signature' && String(from).startsWith('not signed')) ||
      (carelessness === 'opens what is closed' && String(from).startsWith('closed'))
    if (!isLetIn || !/^\/bucket[\w/?=]*$/.test(target)) return Buffer.from(FORBIDDEN)
    return send(upstreamPort, { ...plainDraft(request), path: target, query: queryOf(request) })
  }
  const draft = draftOf(from, request, carelessness)
  if (draft === undefined) return Buffer.from(FORBIDDEN)
  if (carelessness === 'answers success by itself') {
    return Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  }
  const answer = await send(upstreamPort, draft)
  return spoil(answer, carelessness)
}

type Draft = ReturnType<typeof plainDraft>

function plainDraft({ method, body }: WireRequest) {
  return { ...newDraft({ signer: UPSTREAM }), method, body, fields: [] as [string, string][] }
}

function queryOf({ target }: WireRequest): Pair[] {
  const cut = target.indexOf('?')
  if (cut === -1) return []
  return target
    .slice(cut + 1)
    .split('&')
    .map((part): Pair => {
      const [name = '', value] = part.split('=')
      return [name, value]
    })
}

/** Undefined: not for this proxy. */
function draftOf(
  from: ClientRequest,
  request: WireRequest,
  carelessness: Carelessness,
): Draft | undefined {
  const { reading, client } = from
  const signed = from.signed === 'anybody' ? undefined : from.signed
  const { bucket = '', key, kind, parameters } = reading
  const headers = lowerCase(request.fields)
  const body = readBody({ headers, body: request.body, isWhole: request.isWhole, signed })
  if (!isServed(from, headers)) return undefined
  if (hasUnsigned(headers, signed) && carelessness !== 'forwards unsigned headers') return undefined
  if (body.kind === 'broken' && carelessness !== 'stores broken bodies') return undefined
  const draft = plainDraft(request)
  draft.body = body.kind === 'object' ? body.bytes : request.body
  const suffix = carelessness === 'swaps keys' ? 'x' : ''
  draft.path = key === undefined ? `/${bucket}` : `/${bucket}/${encode(key + suffix, true)}`
  draft.query = parameters.map(({ name, values }): Pair => [encode(name), encode(values[0] ?? '')])
  draft.fields = headers
    .filter(({ name }) => goesOn(name, signed, carelessness))
    .map(({ name, value }) => [name, value])
  const demand = demandOf(client?.name ?? '', bucket, key)
  encrypt(draft, kind === 'upload' ? demand : undefined, carelessness)
  return draft
}

/** It knows plain requests with a header signature for the buckets of their client. */
function isServed(
  { reading, client, signed }: ClientRequest,
  headers: readonly WireField[],
): boolean {
  const { bucket = '', key, kind, operation } = reading
  if (
    client?.buckets?.includes(bucket) === false ||
    typeof signed !== 'object' ||
    signed.via !== 'header'
  )
    return false
  if (CONFIGURES.test(operation)) return false
  if (reading.parameters.some(({ name }) => !isSelectingParameter(name))) return false
  if (kind === 'upload' && demandOf('', bucket, key).kind === 'refuse') return false
  if (headers.filter(({ name }) => name === 'content-type').length > 1) return false
  const isEncrypted = headers.some(({ name }) => name.startsWith(SSE))
  if (isEncrypted && kind !== 'upload') return false
  return (
    operation !== 'GET service' && !headers.some(({ name }) => /copy-source|checksum|_/.test(name))
  )
}

function hasUnsigned(headers: readonly WireField[], signed: Signed | undefined): boolean {
  return headers.some(
    ({ name }) => name.startsWith('x-amz-') && signed?.signedNames.has(name) !== true,
  )
}

function goesOn(name: string, signed: Signed | undefined, carelessness: Carelessness): boolean {
  if (!name.startsWith('x-amz-')) return /^(content-(type|md5)$|if-|range$)/.test(name)
  if (name === 'x-amz-security-token') return carelessness === 'hands on the session token'
  if (/^x-amz-(date|content-sha256|decoded|trailer|s3session)/.test(name)) return false
  return carelessness === 'forwards unsigned headers' || signed?.signedNames.has(name) === true
}

function encrypt(
  draft: Draft,
  demand: ReturnType<typeof demandOf> | undefined,
  carelessness: Carelessness,
): void {
  const isThere = draft.fields.some(([name]) => name === SSE)
  if (carelessness === 'adds encryption if it is missing' && isThere) return
  if (demand?.kind !== 'exempt') {
    draft.fields = draft.fields.filter(([name]) => !name.startsWith(SSE))
  }
  if (demand?.kind !== 'encrypt' || carelessness === 'sets no encryption') return
  draft.fields.push([SSE, demand.algorithm], [`${SSE}-aws-kms-key-id`, demand.keyId])
  if (demand.bucketKey !== undefined) {
    draft.fields.push([`${SSE}-bucket-key-enabled`, demand.bucketKey])
  }
  if (demand.context !== undefined) {
    const context = Buffer.from(JSON.stringify(demand.context)).toString('base64')
    draft.fields.push([`${SSE}-context`, context])
  }
}

function send(port: number, draft: Draft): Promise<Buffer> {
  const bytes = buildRequest(draft, [], { port, nowMs: Date.now() })
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0)
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(Buffer.from(FORBIDDEN)))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      const read = readAnswer(answer, draft.method, false)
      if (read.kind !== 'message' || !read.message.isWhole) return
      resolve(
        Buffer.from(
          answer.toString('latin1').replace('\r\n', '\r\nConnection: close\r\n'),
          'latin1',
        ),
      )
      socket.destroy()
    })
  })
}

function spoil(answer: Buffer, carelessness: Carelessness): Buffer {
  switch (carelessness) {
    case 'answers twice':
      return Buffer.concat([answer, Buffer.from(FORBIDDEN)])
    case 'tells its own signature':
      return Buffer.concat([
        Buffer.from(
          answer.toString('latin1').replace('\r\n', `\r\nX-Debug: ${UPSTREAM.secretAccessKey}\r\n`),
          'latin1',
        ),
      ])
    default:
      return answer
  }
}
