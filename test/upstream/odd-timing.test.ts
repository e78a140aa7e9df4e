import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Rig, startProxy } from './rig.ts'
import { startRawStandIn } from './stand-in.ts'

/*
 * Answers of the usual forms at unusual times: before the body has come, in pieces, with pauses, broken
 * off anywhere; to clients that send and read with pauses. Each ends, none ends the process, and the
 * next request is served. The inputs are the same in each run; the moments are not.
 */

const SEED = 1
const COUNT = 240
const AT_ONCE = 8

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const random = randomFrom(SEED)
const upTo = (count: number): number => Math.floor(random() * count)
const oneOf = <T>(items: readonly T[]): T | undefined => items[upTo(items.length)]

/** Refusals may come before the body; a success then is 502. */
function buildAnswer(): Buffer {
  const status = oneOf([200, 200, 206, 400, 403, 404, 500, 503])
  const body = Buffer.alloc(oneOf([0, 1, 100, 5_000, 70_000, 300_000]) ?? 0, 'b')
  const interim = random() < 0.2 ? 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(1 + upTo(3)) : ''
  if (random() < 0.5) {
    const head = `${interim}HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n`
    return Buffer.concat([Buffer.from(head), body])
  }
  const parts = [
    Buffer.from(`${interim}HTTP/1.1 ${status} X\r\nTransfer-Encoding: chunked\r\n\r\n`),
  ]
  for (let at = 0; at < body.length; ) {
    const chunk = body.subarray(at, at + 1 + upTo(65_536))
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
    at += chunk.length
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

/** One request a connection: an answer in pieces, whole or not, and then the end. */
async function answerOddly(socket: Socket): Promise<void> {
  const [first]: Buffer[] = await once(socket, 'data')
  socket.resume()
  if (first === undefined) return
  if (random() < 0.5) await sleep(upTo(10))
  const answer = buildAnswer()
  const end = random() < 0.7 ? answer.length : upTo(answer.length)
  for (let at = 0; at < end && !socket.destroyed; ) {
    const piece = answer.subarray(at, Math.min(end, at + 1 + upTo(answer.length)))
    socket.write(piece)
    at += piece.length
    if (random() < 0.5) await sleep(upTo(6))
  }
  await sleep(20)
  socket.resetAndDestroy()
}

/** Sends a request and reads its answer, with pauses in both; gives how it ended. */
function exchange({ port }: Rig): Promise<string> {
  return new Promise((resolve) => {
    const bytes = oneOf([0, 0, 1, 5_000, 100_000, 400_000]) ?? 0
    const request = httpRequest({
      port,
      agent: false,
      method: bytes === 0 ? 'GET' : 'PUT',
      path: '/bucket/key',
      headers: bytes === 0 ? {} : { 'content-length': bytes },
    })
    request.on('error', () => resolve('cut'))
    request.on('response', (response: IncomingMessage) => {
      const pauses = random() < 0.3
      response.on('data', () => {
        if (!pauses) return
        response.pause()
        setTimeout(() => response.resume(), upTo(10))
      })
      response.on('end', () => resolve(String(response.statusCode)))
      response.on('error', () => resolve('cut'))
    })
    request.write(Buffer.alloc(Math.ceil(bytes / 2)))
    setTimeout(() => request.end(Buffer.alloc(Math.floor(bytes / 2))), upTo(10))
  })
}

async function startBefore(t: Test): Promise<Rig> {
  const s3 = await startRawStandIn((socket) => {
    answerOddly(socket).catch(() => undefined)
  })
  const rig = await startProxy({
    endpoint: `http://127.0.0.1:${s3.port}`,
    clients: `  - { name: sidecar, anonymous: true, buckets: ['*'] }`,
    upstream: '  headersTimeout: 2s',
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  return rig
}

t.test(`answers at odd times (seed ${SEED})`, async (t) => {
  const rig = await startBefore(t)
  const endings = new Map<string, number>()
  let left = COUNT
  const run = async (): Promise<void> => {
    while (left-- > 0) {
      const ending = await exchange(rig)
      endings.set(ending, (endings.get(ending) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))
  const seen = [...endings].sort()
  t.comment(seen.map(([ending, count]) => `${ending}: ${count}`).join(', '))
  const known = /^(cut|200|206|400|403|404|500|502|503|504)$/
  t.ok(
    seen.every(([ending]) => known.test(ending)),
    JSON.stringify(seen),
  )
  t.equal(
    seen.reduce((sum, [, count]) => sum + count, 0),
    COUNT,
    'each has ended',
  )
  t.ok(endings.has('200') && endings.has('502'), 'some are whole and some are not')
})
