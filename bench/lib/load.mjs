/** What drives the targets: wrk for small requests, curl for large ones, sockets of our own for slow ones. */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { run } from './processes.mjs'
import { chunkedBody, encodedLength, signHead } from './sign.mjs'

const WRK_SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'wrk.lua')

/** @typedef {import('./targets.mjs').Target} Target */

function urlOf(/** @type {Target} */ target, /** @type {string} */ path) {
  return `${target.tls ? 'https' : 'http'}://127.0.0.1:${target.process.port}${path}`
}

/**
 * Sends one request for so many seconds over so many connections.
 *
 * @param {{ target: Target, method: string, path: string, headers: readonly [string, string][],
 *   bodyFile?: string, seconds: number, connections: number }} options
 * @returns {Promise<{ requests: number, microseconds: number, p50: number, p99: number, errors: number }>}
 */
export async function wrk({ target, method, path, headers, bodyFile, seconds, connections }) {
  const { stdout, stderr } = await run(
    'env',
    [
      `BENCH_METHOD=${method}`,
      `BENCH_HEADERS=${headers.map(([name, value]) => `${name}: ${value}\n`).join('')}`,
      `BENCH_BODY_FILE=${bodyFile ?? ''}`,
      'wrk',
      '-t1',
      `-c${connections}`,
      `-d${seconds}s`,
      '--latency',
      '-s',
      WRK_SCRIPT,
      urlOf(target, path),
    ],
    { timeoutMs: (seconds + 30) * 1000 },
  )
  const found = /^BENCH(.*)$/m.exec(stdout)
  if (!found) throw new Error(`wrk against ${target.name}: ${stdout}${stderr}`)
  return JSON.parse(found[1])
}

/**
 * Sends the same request so many times one after the other over one connection; the answers'
 * bodies are dropped.
 *
 * @param {{ target: Target, caFile: string | undefined, path: string, method: string,
 *   headers: readonly [string, string][], bodyFile?: string, times?: number }} options
 * @returns {Promise<{ seconds: number, statuses: string[] }>}
 */
export async function curl({ target, caFile, path, method, headers, bodyFile, times = 1 }) {
  // No "Expect: 100-continue": http-proxy skips its hook, hence the signing, for such requests.
  const args = ['-sS', '-w', '%{http_code}\\n', '-H', 'Expect:', '--max-time', '300']
  if (caFile !== undefined && target.tls) args.push('--cacert', caFile)
  for (const [name, value] of headers) args.push('-H', `${name}: ${value}`)
  if (method === 'HEAD') args.push('-I')
  for (let i = 0; i < times; i++) {
    args.push('-o', '/dev/null')
    if (bodyFile !== undefined) args.push('-T', bodyFile)
    args.push(urlOf(target, path))
  }
  const started = performance.now()
  const { code, stdout, stderr } = await run('curl', args, { timeoutMs: 330_000 })
  if (code !== 0) throw new Error(`curl against ${target.name}: ${stderr}`)
  return { seconds: (performance.now() - started) / 1000, statuses: stdout.trim().split('\n') }
}

/**
 * Connections that are kept and send one prepared request so many times in all; short bursts of
 * equal work, which wrk (a second at least) cannot make.
 *
 * @param {{ target: Target, caFile: string | undefined, connections: number,
 *   request: import('./scenarios.mjs').SmallRequest }} options
 * @returns {{ send: (requests: number) => Promise<void>, close: () => void }}
 */
export function openBurst({ target, caFile, connections, request }) {
  const bytes = bytesOf(request)
  let left = 0
  let open = 0
  let settle = { resolve: () => {}, reject: (/** @type {Error} */ _error) => {} }
  const openSocket = () => {
    const socket = connectTo(target, caFile)
    socket.on('error', (error) => settle.reject(error))
    socket.on('close', () => settle.reject(new Error(`${target.name} closed a connection`)))
    onAnswers(socket, (answer) => {
      if (!answer.startsWith('HTTP/1.1 200 ')) {
        settle.reject(new Error(`${target.name} answered\n${answer}`))
      } else if (left-- > 0) socket.write(bytes)
      else if (--open === 0) settle.resolve()
    })
    return socket
  }
  let sockets = Array.from({ length: connections }, openSocket)
  return {
    send: (requests) =>
      new Promise((resolve, reject) => {
        // A connection that was idle for long is closed between two bursts.
        sockets = sockets.map((socket) =>
          socket.readyState === 'open' || socket.connecting ? socket : openSocket(),
        )
        settle = { resolve: () => resolve(), reject }
        open = Math.min(connections, requests)
        left = requests - open
        for (const socket of sockets.slice(0, open)) socket.write(bytes)
      }),
    close: () => {
      settle = { resolve: () => {}, reject: () => {} }
      for (const socket of sockets) socket.destroy()
    },
  }
}

/**
 * Sends one prepared request so often a second over kept connections, whether answers come or not: a
 * request that finds no free connection waits, and its latency counts from when it was due.
 *
 * @param {{ target: Target, connections: number, rate: number,
 *   request: import('./scenarios.mjs').SmallRequest }} options
 * @returns {{ take: () => number[], close: () => void }} `take` gives the latencies, in ms, since it was
 *   called last, or throws what went wrong.
 */
export function openPaced({ target, connections, rate, request }) {
  const bytes = bytesOf(request)
  /** @type {{ socket: import('node:net').Socket, dueMs: number }[]} */
  const free = []
  /** @type {number[]} */
  let waiting = []
  /** @type {number[]} */
  let latencies = []
  /** @type {Error | undefined} */
  let failure
  const sockets = Array.from({ length: connections }, () => {
    const socket = connectTo(target, undefined)
    const lane = { socket, dueMs: 0 }
    socket.on('error', (error) => {
      failure ??= error
    })
    onAnswers(socket, (answer) => {
      if (!answer.startsWith('HTTP/1.1 200 ')) failure ??= new Error(answer)
      latencies.push(performance.now() - lane.dueMs)
      free.push(lane)
      sendDue()
    })
    free.push(lane)
    return socket
  })
  const sendDue = () => {
    while (free.length > 0 && waiting.length > 0) {
      const lane = free.shift()
      if (lane === undefined) return
      lane.dueMs = waiting.shift() ?? 0
      lane.socket.write(bytes)
    }
  }
  let nextMs = performance.now()
  const timer = setInterval(() => {
    for (const now = performance.now(); nextMs <= now; nextMs += 1000 / rate) waiting.push(nextMs)
    sendDue()
  }, 1)
  return {
    take: () => {
      if (failure) throw failure
      const taken = latencies
      latencies = []
      return taken
    },
    close: () => {
      clearInterval(timer)
      waiting = []
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Head and body. @returns {Buffer} */
function bytesOf(/** @type {import('./scenarios.mjs').SmallRequest} */ request) {
  const { method, path, headers, bodyFile } = request
  const body = bodyFile === undefined ? undefined : readFileSync(bodyFile)
  const head = Buffer.from(headText(method, path, headers, body?.length), 'latin1')
  return body === undefined ? head : Buffer.concat([head, body])
}

/**
 * Calls back with the head of each answer once its body is there too. One answer at a time: none
 * is pipelined.
 *
 * @param {import('node:net').Socket} socket
 * @param {(head: string) => void} callback
 */
function onAnswers(socket, callback) {
  let answer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk])
    const end = answer.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = answer.toString('latin1', 0, end)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
    if (answer.length < end + 4 + length) return
    answer = Buffer.alloc(0)
    callback(head)
  })
}

function connectTo(/** @type {Target} */ target, /** @type {string | undefined} */ caFile) {
  const address = { port: target.process.port, host: '127.0.0.1' }
  if (!target.tls || caFile === undefined) return connect(address)
  return connectTls({ ...address, ca: readFileSync(caFile), servername: 'localhost' })
}

/** The answer to one request, head and start of the body, to show what went wrong. */
export async function sample(
  /** @type {Target} */ target,
  /** @type {string | undefined} */ caFile,
  /** @type {import('./scenarios.mjs').SmallRequest} */ { method, path, headers, bodyFile },
) {
  const args = ['-sS', '-i', '-X', method, '--max-time', '20', '-H', 'Expect:']
  if (caFile !== undefined && target.tls) args.push('--cacert', caFile)
  for (const [name, value] of headers) args.push('-H', `${name}: ${value}`)
  if (bodyFile !== undefined) args.push('-T', bodyFile)
  const { stdout, stderr } = await run('curl', [...args, urlOf(target, path)])
  return `${stdout.slice(0, 1200)}${stderr}`
}

/**
 * Uploads an aws-chunked body that is made while it is sent, over plain TCP.
 *
 * @param {{ target: Target, path: string, mode: import('./sign.mjs').PayloadMode, bytes: number }} options
 * @returns {Promise<number>} the status
 */
export async function uploadChunked({ target, path, mode, bytes }) {
  const head = signHead({ method: 'PUT', path, mode, decodedBytes: bytes })
  const socket = connect({ port: target.process.port, host: '127.0.0.1' })
  const answer = readStatus(socket)
  let failed = false
  answer.catch(() => {
    failed = true
  })
  socket.write(headText('PUT', path, head.headers, encodedLength(mode, bytes)))
  for (const piece of chunkedBody(mode, head, bytes)) {
    if (failed) break
    if (!socket.write(piece)) await drained(socket)
  }
  const status = await answer
  socket.destroy()
  return status
}

/**
 * So many uploads at once, each a little at a time.
 *
 * @param {{ target: Target, path: string, uploads: number, bytes: number, pieces: number,
 *   pauseMs: number }} options
 * @returns {Promise<Map<number, number>>} how often each status came
 */
export async function slowUploads({ target, path, uploads, bytes, pieces, pauseMs }) {
  const { headers } = signHead({ method: 'PUT', path })
  const head = headText('PUT', path, headers, bytes)
  const piece = Buffer.alloc(bytes / pieces, 'x')
  const one = async () => {
    const socket = connect({ port: target.process.port, host: '127.0.0.1' })
    const answer = readStatus(socket)
    answer.catch(() => {})
    socket.write(head)
    for (let i = 0; i < pieces && !socket.destroyed; i++) {
      socket.write(piece)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    const status = await answer.catch(() => 0)
    socket.destroy()
    return status
  }
  const statuses = await Promise.all(Array.from({ length: uploads }, one))
  const counts = new Map()
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1)
  return counts
}

/**
 * Opens so many connections, sends one request over each, and leaves them open.
 *
 * @param {{ target: Target, connections: number, request: import('./scenarios.mjs').SmallRequest }} options
 * @returns {Promise<{ close: () => Promise<void> }>}
 */
export async function openIdle({ target, connections, request: { method, path, headers } }) {
  const head = headText(method, path, headers, undefined)
  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connectTo(target, undefined)
      socket.on('error', reject)
      onAnswers(socket, () => resolve(socket))
      socket.write(head)
    })
  const sockets = []
  while (sockets.length < connections) {
    sockets.push(...(await Promise.all(Array.from({ length: 50 }, one))))
  }
  return {
    close: async () => {
      await Promise.all(
        sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve).destroy())),
      )
    },
  }
}

/**
 * So many downloads at once whose reader takes 64 KiB and then sleeps; cut after so many seconds.
 *
 * @param {{ target: Target, path: string, readers: number, pauseMs: number, seconds: number }} options
 * @returns {Promise<number>} bytes read in all
 */
export async function slowReaders({ target, path, readers, pauseMs, seconds }) {
  const { headers } = signHead({ method: 'GET', path })
  const head = headText('GET', path, headers, undefined)
  const deadline = Date.now() + seconds * 1000
  let total = 0
  const one = async () => {
    const socket = connect({ port: target.process.port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.pause()
    socket.write(head)
    while (Date.now() < deadline && !socket.destroyed) {
      const chunk = socket.read(65_536) ?? socket.read()
      total += chunk?.length ?? 0
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    socket.destroy()
  }
  await Promise.all(Array.from({ length: readers }, one))
  return total
}

function headText(
  /** @type {string} */ method,
  /** @type {string} */ path,
  /** @type {readonly [string, string][]} */ headers,
  /** @type {number | undefined} */ contentLength,
) {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = contentLength === undefined ? '' : `content-length: ${contentLength}\r\n`
  return `${method} ${path} HTTP/1.1\r\n${lines}${length}\r\n`
}

/** The status of the answer, however it is cut. @returns {Promise<number>} */
function readStatus(/** @type {import('node:net').Socket} */ socket) {
  return new Promise((resolve, reject) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const found = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\n\r\n/.exec(text)
      if (found && found[1] !== '100') resolve(Number(found[1]))
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed without an answer')))
  })
}

/** @returns {Promise<void>} */
function drained(/** @type {import('node:net').Socket} */ socket) {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}
