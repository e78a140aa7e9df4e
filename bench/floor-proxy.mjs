/**
 * The least that a proxy of node:http and undici costs: verifies, decides and signs nothing.
 * Each word after the ports is a variant, so that one can be measured against the other:
 *
 *     node bench/floor-proxy.mjs PORT UPSTREAM_PORT [async] [abort-signal] [object-headers]
 *       [write-end] [stream-body] [for-await] [closures] [modern-handler] [no-timeouts]
 *       [unequal-timeouts] [server-plain] [send-date] [lower-case] [high-water] [gc=MiB]
 *       [any name of EXTRAS]
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash, createHmac, hash, randomBytes, randomUUID } from 'node:crypto'
import { openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { finished } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { Counter, Histogram } from 'prom-client'
import { Pool } from 'undici'
import { readArguments, usageError } from './lib/arguments.mjs'

const {
  positionals: [port, upstreamPort, ...variants],
} = readArguments(import.meta.url, {}, [2, 64])
const has = (/** @type {string} */ name) => variants.includes(name)

const SMALL_BODY_BYTES_MAX = 65_536
const ASYNC = has('async')
const ABORT_SIGNAL = has('abort-signal')
const OBJECT_HEADERS = has('object-headers')
const WRITE_END = has('write-end')
const STREAM_BODY = has('stream-body')
const FOR_AWAIT = has('for-await')
const CLOSURES = has('closures')
const MODERN = has('modern-handler')
const SEND_DATE = has('send-date')
const LOWER_CASE = has('lower-case')
/** Variants besides those of EXTRAS. */
const WORDS = [
  ...[
    'async',
    'abort-signal',
    'object-headers',
    'write-end',
    'stream-body',
    'for-await',
    'closures',
  ],
  ...[
    'modern-handler',
    'no-timeouts',
    'unequal-timeouts',
    'server-plain',
    'send-date',
    'lower-case',
  ],
  ...['high-water', 'pino', 'pino-sync'],
]
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding'])

const timeouts = has('no-timeouts')
  ? { headersTimeout: 0, bodyTimeout: 0 }
  : { headersTimeout: 60_000, bodyTimeout: has('unequal-timeouts') ? 30_000 : 60_000 }

const pool = new Pool(`http://127.0.0.1:${upstreamPort}`, {
  connections: 256,
  keepAliveTimeout: 4_000,
  ...timeouts,
})

/**
 * A minor collection for each so many bytes that pass: Buffers of passed chunks are then freed by
 * cheap scavenges, before V8 starts a full collection for each 32 MiB of "external memory".
 */
const MINOR_GC_BYTES = 1_048_576 * Number(variants.find((v) => v.startsWith('gc='))?.slice(3) ?? 0)
if (MINOR_GC_BYTES > 0) setFlagsFromString('--expose-gc')
const collectGarbage = MINOR_GC_BYTES > 0 ? runInNewContext('gc') : undefined
let passedBytes = 0

function passed(/** @type {number} */ bytes) {
  if (MINOR_GC_BYTES === 0) return
  passedBytes += bytes
  if (passedBytes < MINOR_GC_BYTES) return
  passedBytes = 0
  collectGarbage({ type: 'minor' })
}

/** Forwards the response of one request, from undici's handler calls. */
class Relay {
  /** @param {import('node:http').ServerResponse} res @param {() => void} [done] */
  constructor(res, done) {
    this.res = res
    this.done = done
    /** @type {undefined | (() => void)} */
    this.resume = undefined
    /** @type {Buffer | undefined} */
    this.small = undefined
    this.isSmall = false
    this.status = 0
    /** @type {string[]} */
    this.head = []
    this.drain = () => this.resume?.()
  }

  onConnect() {}

  onBodySent(/** @type {Buffer} */ chunk) {
    passed(chunk.length)
  }

  onHeaders(
    /** @type {number} */ status,
    /** @type {Buffer[]} */ raw,
    /** @type {() => void} */ resume,
  ) {
    this.resume = resume
    this.status = status
    let length = -1
    /** @type {string[]} */
    const head = []
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]
      const value = raw[i + 1].latin1Slice(0, raw[i + 1].length)
      const text = name.latin1Slice(0, name.length)
      if (text === 'Connection' || text === 'Keep-Alive' || text === 'Transfer-Encoding') continue
      if (text === 'Content-Length') length = Number(value)
      head.push(text, value)
    }
    this.head = head
    this.isSmall = !WRITE_END && length >= 0 && length <= SMALL_BODY_BYTES_MAX
    if (!this.isSmall) {
      writeHead(this.res, status, head)
      this.res.on('drain', this.drain)
    }
    return true
  }

  onData(/** @type {Buffer} */ chunk) {
    // undici gives an empty chunk after each pause; written, it would be a write(2) of no bytes.
    if (chunk.length === 0) return true
    passed(chunk.length)
    if (!this.isSmall) return this.res.write(chunk)
    this.small = this.small === undefined ? chunk : Buffer.concat([this.small, chunk])
    return true
  }

  onComplete() {
    if (this.isSmall) {
      writeHead(this.res, this.status, this.head)
      this.res.end(this.small)
    } else this.res.end()
    this.done?.()
  }

  onError(/** @type {Error} */ error) {
    if (!this.res.headersSent) this.res.writeHead(502)
    this.res.destroy(error)
    this.done?.()
  }
}

function writeHead(
  /** @type {import('node:http').ServerResponse} */ res,
  /** @type {number} */ status,
  /** @type {string[]} */ head,
) {
  if (!SEND_DATE) res.sendDate = false
  if (!OBJECT_HEADERS) {
    res.writeHead(status, head)
    return
  }
  /** @type {Record<string, string>} */
  const object = {}
  for (let i = 0; i < head.length; i += 2) object[head[i]] = head[i + 1]
  res.writeHead(status, object)
}

/** The same as closures over the request, in a literal. */
function closureHandler(
  /** @type {import('node:http').ServerResponse} */ res,
  /** @type {(() => void) | undefined} */ done,
) {
  const relay = new Relay(res, done)
  return {
    onConnect: () => {},
    onHeaders: (/** @type {number} */ s, /** @type {Buffer[]} */ h, /** @type {() => void} */ r) =>
      relay.onHeaders(s, h, r),
    onData: (/** @type {Buffer} */ chunk) => relay.onData(chunk),
    onComplete: () => relay.onComplete(),
    onError: (/** @type {Error} */ error) => relay.onError(error),
  }
}

/** undici's newer handler form: headers come as an object, a controller pauses. */
function modernHandler(
  /** @type {import('node:http').ServerResponse} */ res,
  /** @type {(() => void) | undefined} */ done,
) {
  let small = false
  let status = 0
  /** @type {Record<string, string>} */
  let head = {}
  /** @type {Buffer | undefined} */
  let body
  return {
    onRequestStart() {},
    onResponseStart(
      /** @type {{ resume(): void }} */ controller,
      /** @type {number} */ code,
      /** @type {Record<string, string>} */ headers,
    ) {
      delete headers.connection
      delete headers['keep-alive']
      delete headers['transfer-encoding']
      head = headers
      status = code
      small = Number(headers['content-length'] ?? -1) <= SMALL_BODY_BYTES_MAX
      res.sendDate = false
      if (small) return
      res.writeHead(status, head)
      res.on('drain', () => controller.resume())
    },
    onResponseData(/** @type {{ pause(): void }} */ controller, /** @type {Buffer} */ chunk) {
      if (small) body = body === undefined ? chunk : Buffer.concat([body, chunk])
      else if (!res.write(chunk)) controller.pause()
    },
    onResponseEnd() {
      if (small) res.writeHead(status, head).end(body)
      else res.end()
      done?.()
    },
    onResponseError(/** @type {unknown} */ _controller, /** @type {Error} */ error) {
      res.destroy(error)
      done?.()
    },
  }
}

function dispatch(
  /** @type {import('node:http').IncomingMessage} */ req,
  /** @type {import('node:http').ServerResponse} */ res,
  /** @type {any} */ body,
  /** @type {(() => void) | undefined} */ done,
) {
  const raw = req.rawHeaders
  /** @type {string[]} */
  const headers = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = LOWER_CASE ? raw[i].toLowerCase() : raw[i]
    if (LOWER_CASE ? HOP_BY_HOP.has(name) || name === 'expect' : isConnection(name)) continue
    headers.push(name, raw[i + 1])
  }
  const options = { method: req.method ?? 'GET', path: req.url ?? '/', headers, body }
  let handler
  if (MODERN) handler = modernHandler(res, done)
  else if (CLOSURES) handler = closureHandler(res, done)
  else handler = new Relay(res, done)
  pool.dispatch(/** @type {any} */ (options), /** @type {any} */ (handler))
}

function isConnection(/** @type {string} */ name) {
  return name.length === 10 && name.toLowerCase() === 'connection'
}

function declaredLength(/** @type {import('node:http').IncomingMessage} */ req) {
  const raw = req.rawHeaders
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i].length === 14 && raw[i].toLowerCase() === 'content-length') return Number(raw[i + 1])
  }
  return 0
}

const counter = new Counter({
  name: 'c',
  help: 'c',
  labelNames: ['operation', 'status', 'decision'],
})
const histogram = new Histogram({ name: 'h', help: 'h', labelNames: ['operation'] })
const counterChild = counter.labels('GetObject', '200', 'allow')
const histogramChild = histogram.labels('GetObject')
const storage = new AsyncLocalStorage()
const log = has('pino')
  ? pino({ base: null }, pino.destination({ dest: '/dev/null', sync: false }))
  : undefined
const logSync = has('pino-sync')
  ? pino({ base: null }, pino.destination({ dest: '/dev/null', sync: true }))
  : undefined
const file = openSync('/dev/null', 'w')
const RECORD = {
  time: '2026-01-01T00:00:00.000Z',
  requestId: '0123456789ABCDEF',
  client: 'billing',
  sourceIp: '127.0.0.1',
  operation: 'PutObject',
  bucket: 'bench',
  key: 'put/4k',
  rule: 'finance',
  decision: 'allow',
  requested: { algorithm: 'aws:kms', keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd' },
  applied: { algorithm: 'aws:kms', keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd' },
  confirmed: { algorithm: 'aws:kms', keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd' },
  status: 200,
  upstreamRequestId: '0123456789ABCDEF',
  requestBytes: 4096,
  responseBytes: 0,
  durationMs: 1.5,
}
const SIGNING_KEY = randomBytes(32)
const TEXT = randomBytes(250).toString('hex')
const scratch = Buffer.alloc(8192)
const inner = Buffer.alloc(64, 0x36)
const outer = Buffer.alloc(96, 0x5c)
/** An HMAC of two one-shot hashes: no native object, hence nothing for the collector to finalise. */
function hmacOneShot(/** @type {string} */ text) {
  inner.copy(scratch, 0)
  const end = 64 + scratch.latin1Write(text, 64)
  hash('sha256', scratch.subarray(0, end), 'buffer').copy(outer, 64)
  return hash('sha256', outer, 'hex')
}
const PREFIX = randomBytes(8).toString('hex').toUpperCase()
let sequence = 0
let lines = ''
let sink

/** What a request may also cost; each is done once a request, where named. */
const EXTRAS = {
  'close-listener': (_req, res) => res.once('close', () => {}),
  'finish-listener': (_req, res) => res.once('finish', () => {}),
  'error-listeners': (req, res) => {
    req.on('error', () => {})
    res.on('error', () => {})
  },
  finished: (_req, res) => finished(res, () => {}),
  'abort-create': () => {
    sink = new AbortController()
  },
  'abort-signal-read': () => {
    sink = new AbortController().signal
  },
  'abort-listen': () => {
    const controller = new AbortController()
    controller.signal.addEventListener('abort', () => {}, { once: true })
    sink = controller
  },
  'abort-fire': (_req, res) => {
    const controller = new AbortController()
    res.once('close', () => controller.abort())
  },
  'headers-getter': (req) => {
    sink = req.headers
  },
  'new-url': (req) => {
    sink = new URL(req.url, 'http://localhost')
  },
  als: () => storage.run({}, () => {}),
  timer: () => clearTimeout(setTimeout(() => {}, 60_000)),
  uuid: () => {
    sink = randomUUID()
  },
  'random-bytes': () => {
    sink = randomBytes(8).toString('hex')
  },
  'sequence-id': () => {
    sequence++
    sink = PREFIX + sequence.toString(36)
  },
  'socket-address': (req) => {
    sink = req.socket.remoteAddress
  },
  hrtime: () => {
    sink = process.hrtime.bigint()
  },
  'iso-date': () => {
    sink = new Date().toISOString()
  },
  pino: () => log?.info(RECORD),
  'pino-sync': () => logSync?.info(RECORD),
  'json-sync': () => writeSync(file, `${JSON.stringify(RECORD)}\n`),
  'json-batch': () => {
    lines += `${JSON.stringify(RECORD)}\n`
    if (lines.length > 65_536) {
      writeSync(file, lines)
      lines = ''
    }
  },
  'prom-labels': () => {
    counter.inc({ operation: 'GetObject', status: '200', decision: 'allow' })
    histogram.observe({ operation: 'GetObject' }, 0.0015)
  },
  'prom-children': () => {
    counterChild.inc()
    histogramChild.observe(0.0015)
  },
  'hash-4x': () => {
    for (let i = 0; i < 4; i++) sink = createHash('sha256').update(TEXT).digest('hex')
  },
  'hash-4x-one-shot': () => {
    for (let i = 0; i < 4; i++) sink = hash('sha256', TEXT, 'hex')
  },
  'hmac-4x': () => {
    for (let i = 0; i < 4; i++) sink = createHmac('sha256', SIGNING_KEY).update(TEXT).digest('hex')
  },
  'hmac-4x-one-shot': () => {
    for (let i = 0; i < 4; i++) sink = hmacOneShot(TEXT)
  },
}
const known = new Set([...Object.keys(EXTRAS), ...WORDS])
for (const variant of variants) {
  if (!known.has(variant) && !/^gc=\d+$/.test(variant)) {
    usageError(`unknown variant ${variant}; known: ${[...known].join(', ')}, gc=MiB`)
  }
}
const extras = Object.entries(EXTRAS).flatMap(([name, extra]) => (has(name) ? [extra] : []))
process.on('exit', () => sink)

/** Callbacks all the way. */
function handle(
  /** @type {import('node:http').IncomingMessage} */ req,
  /** @type {import('node:http').ServerResponse} */ res,
) {
  for (let i = 0; i < extras.length; i++) extras[i](req, res)
  const length = declaredLength(req)
  if (length === 0) dispatch(req, res, null, undefined)
  else if (STREAM_BODY || length > SMALL_BODY_BYTES_MAX) dispatch(req, res, req, undefined)
  else {
    /** @type {Buffer | undefined} */
    let body
    req.on('data', (chunk) => {
      body = body === undefined ? chunk : Buffer.concat([body, chunk])
    })
    req.on('end', () => dispatch(req, res, body, undefined))
  }
}

/** The same with async functions: one promise for the body, one for the response. */
async function handleAsync(
  /** @type {import('node:http').IncomingMessage} */ req,
  /** @type {import('node:http').ServerResponse} */ res,
) {
  const controller = ABORT_SIGNAL ? new AbortController() : undefined
  res.once('close', () => controller?.abort())
  const length = declaredLength(req)
  let body = null
  if (length > SMALL_BODY_BYTES_MAX) body = req
  else if (length > 0) body = await collect(req)
  await authenticate()
  await new Promise((resolve) => dispatch(req, res, body, () => resolve(undefined)))
  await authenticate()
}

async function authenticate() {}

/** @returns {Promise<Buffer>} */
async function collect(/** @type {import('node:http').IncomingMessage} */ req) {
  if (FOR_AWAIT) {
    const chunks = []
    for await (const chunk of req) chunks.push(chunk)
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
  }
  return await new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    const chunks = []
    req.on('data', (chunk) => chunks.push(chunk))
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    req.on('error', reject)
  })
}

/** @type {import("node:http").ServerOptions} */
const serverOptions = has('server-plain')
  ? {}
  : { requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 65_000 }
if (has('high-water')) serverOptions.highWaterMark = 262_144
const server = createServer(serverOptions, ASYNC ? handleAsync : handle)
server.listen(Number(port), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
