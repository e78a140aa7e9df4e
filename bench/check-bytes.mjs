/**
 * Sends many bytes through Sealgate in both directions and checks every one of them.
 *
 *     node bench/check-bytes.mjs [--entry build/src/main.js] [--gib 10] [--connections 8] [--tls]
 *
 * Each connection asks for one object after the other, of 1 KiB to 256 MiB: three downloads, then an upload of the
 * same size. Its reader is fast, pauses for moments, reads little at a time, or goes away in the middle. The bytes of
 * an object follow from its key, and nowhere repeat at a distance of a buffer, so a byte of another answer or of
 * another place shows. Prints a line each ten seconds; ends with 1 at the first wrong byte. `--tls`: on both sides.
 * A run has half an hour. Linux, loopback only.
 */
import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readArguments, readNumber, usageError } from './lib/arguments.mjs'
import { isRight, objectStream } from './lib/pattern-objects.mjs'
import { freePort, memoryBytes } from './lib/processes.mjs'
import { runBench, say } from './lib/run-bench.mjs'
import { HOST, signHead } from './lib/sign.mjs'
import { makeCertificates, startSealgate } from './lib/targets.mjs'

const GIB = 2 ** 30
const UPSTREAM = fileURLToPath(new URL('lib/pattern-upstream.mjs', import.meta.url))
const NEVER = Number.POSITIVE_INFINITY
/** After how many bytes each reader pauses, and for how many milliseconds at most. */
const PACES = {
  fast: { bytes: NEVER, pauseMs: 0 },
  pauses: { bytes: 8 * 2 ** 20, pauseMs: 200 },
  sips: { bytes: 2 ** 20, pauseMs: 5 },
}
/** One download in so many is left in the middle. */
const LEFT_EACH = 5

const { values } = readArguments(import.meta.url, {
  entry: { type: 'string', default: 'build/src/main.js' },
  gib: { type: 'string', default: '10' },
  connections: { type: 'string', default: '8' },
  tls: { type: 'boolean', default: false },
})
const entry = resolve(values.entry)
if (!existsSync(entry)) usageError(`${entry} is missing`)
const bytesMax = readNumber('gib', values.gib) * GIB
const connections = readNumber('connections', values.connections)

await runBench(async (folder) => {
  const tls = values.tls ? await makeCertificates(folder) : undefined
  const port = await freePort()
  const upstreamPort = await freePort()
  const s3 = fork(UPSTREAM, [JSON.stringify({ port: upstreamPort, ...tls })])
  try {
    await once(s3, 'message')
    const options = {
      name: 'sealgate',
      folder,
      port,
      upstreamPort,
      entry,
      nodeArgs: [],
      workers: 1,
    }
    const { pid } = await startSealgate({ ...options, tls, upstreamTls: tls })
    const ca = tls && readFileSync(tls.caFile)
    const state = { bytes: 0, objects: 0, left: 0, bytesMax }
    const wrong = once(s3, 'message').then(([text]) => {
      throw new Error(text)
    })
    const report = setInterval(() => sayState(state, pid), 10_000)
    const workers = Array.from({ length: connections }, (_, n) =>
      transfer(state, { port, ca, first: n, step: connections }),
    )
    await Promise.race([Promise.all(workers), wrong])
    clearInterval(report)
    sayState(state, pid)
  } finally {
    s3.kill()
  }
})

/** @typedef {{ bytes: number, objects: number, left: number, bytesMax: number }} State */

function sayState(/** @type {State} */ state, /** @type {number} */ pid) {
  const gib = (state.bytes / GIB).toFixed(1)
  const memory = (memoryBytes(pid) / 1e6).toFixed(0)
  say(`${gib} GiB right, ${state.objects} objects, ${state.left} left early, ${memory} MB`)
}

/** One connection: object after object, until all have had enough bytes. */
async function transfer(
  /** @type {State} */ state,
  /** @type {{ port: number, ca: Buffer | undefined, first: number, step: number }} */ place,
) {
  const { port, ca, first, step } = place
  const protocol = ca === undefined ? http : https
  const agent = new protocol.Agent({ keepAlive: true, maxSockets: 1, ...(ca && { ca }) })
  for (let id = first; state.bytes < state.bytesMax; id += step) {
    const bytes = Math.floor(2 ** (10 + 18 * Math.random()))
    const path = `/bench/${id}-${bytes}`
    const method = id % (4 * step) < step ? 'PUT' : 'GET'
    const { headers } = signHead({ method, path })
    const options = { host: '127.0.0.1', port, agent, method, path, servername: HOST }
    const request = protocol.request(options)
    for (const [name, value] of headers) request.setHeader(name, value)
    if (method === 'PUT') {
      request.setHeader('content-length', bytes)
      objectStream(id, bytes).pipe(request)
    } else request.end()
    const [response] = await once(request, 'response')
    if (response.statusCode !== 200) throw new Error(`${method} ${path}: ${response.statusCode}`)
    if (method === 'PUT') {
      response.resume()
      await once(response, 'end')
      state.bytes += bytes
    } else await read(state, response, id, bytes)
    state.objects += 1
  }
  agent.destroy()
}

/** Reads an answer at a speed drawn for it, and checks its bytes. */
async function read(
  /** @type {State} */ state,
  /** @type {http.IncomingMessage} */ response,
  /** @type {number} */ id,
  /** @type {number} */ bytes,
) {
  const paces = Object.values(PACES)
  const pace = paces[randomInt(paces.length)] ?? PACES.fast
  const leavesAt = randomInt(LEFT_EACH) === 0 ? randomInt(bytes) : NEVER
  let at = 0
  let pausedAt = 0
  for await (const piece of response) {
    if (!isRight(id, at, piece)) throw new Error(`object ${id} has a wrong byte after ${at} bytes`)
    at += piece.length
    state.bytes += piece.length
    if (at > leavesAt) {
      state.left += 1
      response.destroy()
      return
    }
    if (at - pausedAt > pace.bytes) {
      pausedAt = at
      await sleep(randomInt(pace.pauseMs))
    }
  }
  if (at !== bytes) throw new Error(`object ${id} has ${at} of ${bytes} bytes`)
}
