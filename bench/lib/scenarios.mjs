/** What is measured: one entry a row group of the table. */
import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { curl, openIdle, sample, slowReaders, slowUploads, uploadChunked, wrk } from './load.mjs'
import { delay, memoryBytes } from './processes.mjs'
import { chunkedBody, HOST, signHead } from './sign.mjs'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** Of wrk, all kept alive. */
export const CONNECTIONS = 16

/** Connections that are left open. */
const IDLE = 3_000

/** Objects that are read, by name. @type {readonly [string, number][]} */
export const SIZES = [
  ['1k', KIB],
  ['16k', 16 * KIB],
  ['256k', 256 * KIB],
  ['4m', 4 * MIB],
  ['64m', 64 * MIB],
]

/** Connections of the rows that show the latency. */
const LATENCY_CONNECTIONS = [1, 16, 64, 1_000]

/** @typedef {import('./targets.mjs').Target} Target */
/** @typedef {import('./sign.mjs').PayloadMode} PayloadMode */

/**
 * @typedef {object} Measured
 * @property {number} units  Requests, or GiB.
 * @property {number} seconds
 * @property {number} [p50]  µs
 * @property {number} [p99]  µs
 * @property {number} errors
 * @property {string} [note]  What else was found, for the reader of the table.
 */

/**
 * @typedef {object} Scenario
 * @property {'request' | 'GiB' | 'memory'} unit  What CPU time is divided by; memory: nothing.
 * @property {string} about
 * @property {(run: Run, target: Target) => Promise<Measured>} measure  One round.
 * @property {(folder: string) => SmallRequest} [request]  Of a scenario of small requests: signed now.
 */

/**
 * @typedef {object} Run
 * @property {string} folder
 * @property {string | undefined} caFile
 * @property {number} seconds  Of each wrk round.
 * @property {number} repeats  Requests of each curl round.
 * @property {number | undefined} [connections]  Of wrk; left out: {@link CONNECTIONS}.
 */

/**
 * @typedef {object} SmallRequest
 * @property {string} method
 * @property {string} path
 * @property {[string, string][]} headers  All but content-length.
 * @property {string} [bodyFile]
 */

/** Files that the upstream serves and that curl sends. */
export function makeData(/** @type {string} */ folder) {
  const data = join(folder, 'data', 'bench')
  mkdirSync(data, { recursive: true })
  for (const [name, bytes] of SIZES) writeFileSync(join(data, name), Buffer.alloc(bytes, 'x'))
  const sparse = openSync(join(data, '5g'), 'w')
  ftruncateSync(sparse, 5 * GIB)
  closeSync(sparse)
  writeFileSync(join(folder, '4k'), Buffer.alloc(4 * KIB, 'x'))
}

/** An aws-chunked body in a file, with the head that its signatures start from. */
function makeChunked(
  /** @type {string} */ file,
  /** @type {string} */ path,
  /** @type {PayloadMode} */ mode,
  /** @type {number} */ bytes,
) {
  const head = signHead({ method: 'PUT', path, mode, decodedBytes: bytes })
  const out = openSync(file, 'w')
  for (const piece of chunkedBody(mode, head, bytes)) writeSync(out, piece)
  closeSync(out)
  return head
}

/** @returns {Scenario} */
function smallGet() {
  return small('GET of 1 KiB', () => getRequest('1k'))
}

function getRequest(/** @type {string} */ name) {
  const path = `/bench/${name}`
  return { method: 'GET', path, headers: signHead({ method: 'GET', path }).headers }
}

/** The same request for one size of object after the other. @returns {[string, Scenario][]} */
function bySize() {
  return SIZES.map(([name]) => {
    const connections = name.endsWith('m') ? 2 : CONNECTIONS
    return [
      `size-${name}`,
      small(`GET of ${name}, ${connections} connections`, () => getRequest(name), connections),
    ]
  })
}

/** @returns {[string, Scenario][]} */
function byConnections() {
  return LATENCY_CONNECTIONS.map((connections) => [
    `latency-${connections}`,
    small(`GET of 1 KiB, ${connections} connections`, () => getRequest('1k'), connections),
  ])
}

/** What a browser sends first, unsigned. @returns {Scenario} */
function preflight() {
  return small('preflight of a PUT', () => ({
    method: 'OPTIONS',
    path: '/bench/1k',
    headers: [
      ['host', HOST],
      ['origin', 'https://page.test'],
      ['access-control-request-method', 'PUT'],
    ],
  }))
}

/** @returns {Scenario} */
function smallPut(/** @type {PayloadMode} */ mode) {
  return small(`PUT of 4 KiB, ${mode} body`, (folder) => {
    const path = '/bench/put/4k'
    if (mode === 'hashed' || mode === 'unsigned') {
      const bodySha256 = createHash('sha256')
        .update(Buffer.alloc(4 * KIB, 'x'))
        .digest('hex')
      const { headers } = signHead({ method: 'PUT', path, mode, bodySha256 })
      return { method: 'PUT', path, headers, bodyFile: join(folder, '4k') }
    }
    const bodyFile = join(folder, `4k.${mode}`)
    const { headers } = makeChunked(bodyFile, path, mode, 4 * KIB)
    return { method: 'PUT', path, headers, bodyFile }
  })
}

/**
 * The same small request again and again.
 *
 * @param {string} about
 * @param {(folder: string) => SmallRequest} request
 * @param {number} [fixedConnections]  Of wrk, whatever the run says.
 * @returns {Scenario}
 */
function small(about, request, fixedConnections) {
  return {
    unit: 'request',
    about,
    request,
    measure: async ({ folder, seconds, caFile, connections = CONNECTIONS }, target) => {
      const asked = request(folder)
      const { method, path, headers, bodyFile } = asked
      const probe = await sample(target, caFile, asked)
      if (!/^HTTP\/1\.1 200 /.test(probe)) throw new Error(`${target.name} answered\n${probe}`)
      const result = await wrk({
        target,
        method,
        path,
        headers,
        seconds,
        connections: fixedConnections ?? connections,
        ...(bodyFile !== undefined && { bodyFile }),
      })
      return {
        units: result.requests,
        seconds: result.microseconds / 1e6,
        p50: result.p50,
        p99: result.p99,
        errors: result.errors,
      }
    },
  }
}

/** @returns {Scenario} */
function largeGet(/** @type {string} */ name, /** @type {number} */ bytes, once = false) {
  return {
    unit: 'GiB',
    about: `GET of ${name}, one connection`,
    measure: async ({ caFile, repeats }, target) => {
      const path = `/bench/${name}`
      const { headers } = signHead({ method: 'GET', path })
      const times = once ? 1 : repeats
      return large(
        (times * bytes) / GIB,
        await curl({ target, caFile, path, method: 'GET', headers, times }),
      )
    },
  }
}

/** @returns {Scenario} */
function largePut(
  /** @type {string} */ name,
  /** @type {number} */ bytes,
  /** @type {PayloadMode} */ mode,
  once = false,
) {
  return {
    unit: 'GiB',
    about: `PUT of ${name}, one connection, ${mode} body`,
    measure: async ({ folder, caFile, repeats }, target) => {
      const path = `/bench/put/${name}`
      let bodyFile = join(folder, 'data', 'bench', name)
      let head
      if (mode === 'unsigned') head = signHead({ method: 'PUT', path, mode })
      else {
        bodyFile = join(folder, `${name}.${mode}`)
        head = makeChunked(bodyFile, path, mode, bytes)
      }
      const times = once ? 1 : repeats
      const { headers } = head
      return large(
        (times * bytes) / GIB,
        await curl({ target, caFile, path, method: 'PUT', headers, bodyFile, times }),
      )
    },
  }
}

function large(
  /** @type {number} */ units,
  /** @type {{ seconds: number, statuses: string[] }} */ { seconds, statuses },
) {
  return { units, seconds, errors: statuses.filter((status) => status !== '200').length }
}

/** @returns {Scenario} */
function chunkedUpload(/** @type {PayloadMode} */ mode, /** @type {number} */ bytes) {
  return {
    unit: 'GiB',
    about: `PUT of ${bytes / GIB} GiB, made as it goes, ${mode} body`,
    measure: async (_run, target) => {
      const started = performance.now()
      const status = await uploadChunked({ target, path: '/bench/put/5g', mode, bytes })
      return {
        units: bytes / GIB,
        seconds: (performance.now() - started) / 1000,
        errors: status === 200 ? 0 : 1,
      }
    },
  }
}

/** @type {Record<string, Scenario>} */
export const SCENARIOS = {
  'get-1k': smallGet(),
  'put-4k': smallPut('hashed'),
  'get-64m': largeGet('64m', 64 * MIB),
  'put-64m': largePut('64m', 64 * MIB, 'unsigned'),

  preflight: preflight(),

  ...Object.fromEntries(byConnections()),
  ...Object.fromEntries(bySize()),

  'put-4k-unsigned-trailer': smallPut('unsigned-trailer'),
  'put-4k-signed': smallPut('signed'),
  'put-4k-signed-trailer': smallPut('signed-trailer'),
  'put-64m-unsigned-trailer': largePut('64m', 64 * MIB, 'unsigned-trailer'),
  'put-64m-signed': largePut('64m', 64 * MIB, 'signed'),
  'put-64m-signed-trailer': largePut('64m', 64 * MIB, 'signed-trailer'),

  'get-5g': largeGet('5g', 5 * GIB, true),
  'put-5g': largePut('5g', 5 * GIB, 'unsigned', true),
  'put-5g-signed': chunkedUpload('signed', 5 * GIB),
  'idle-connections': {
    unit: 'memory',
    about: '3,000 connections that have sent one request and are idle',
    measure: async (_run, target) => {
      const request = getRequest('1k')
      // The first ones compile code; more of them would leave room in the heap for the next ones.
      for (let i = 0; i < 10; i++) {
        const few = await openIdle({ target, connections: 200, request })
        await few.close()
      }
      await delay(2_000)
      const before = memoryBytes(target.process.pid)
      const started = performance.now()
      const idle = await openIdle({ target, connections: IDLE, request })
      await delay(2_000)
      const each = (memoryBytes(target.process.pid) - before) / IDLE / KIB
      const seconds = (performance.now() - started) / 1000
      await idle.close()
      return { units: IDLE, seconds, errors: 0, note: `${each.toFixed(1)} KiB a connection` }
    },
  },
  'slow-uploads': {
    unit: 'memory',
    about: '1,000 uploads of 512 KiB at once, 8 s each',
    measure: async (_run, target) => {
      const path = '/bench/put/slow'
      const uploads = 1_000
      const bytes = 512 * KIB
      const started = performance.now()
      const counts = await slowUploads({ target, path, uploads, bytes, pieces: 32, pauseMs: 250 })
      return {
        units: uploads,
        seconds: (performance.now() - started) / 1000,
        errors: uploads - (counts.get(200) ?? 0),
      }
    },
  },
  'slow-readers': {
    unit: 'memory',
    about: '50 readers of 64 MiB at once that take 64 KiB each 50 ms, 8 s',
    measure: async (_run, target) => {
      const path = '/bench/64m'
      const bytes = await slowReaders({ target, path, readers: 50, pauseMs: 50, seconds: 8 })
      return { units: bytes / GIB, seconds: 8, errors: bytes === 0 ? 1 : 0 }
    },
  },
}

/** Scenario names by group, for the command line. */
export const GROUPS = {
  basic: ['get-1k', 'put-4k', 'get-64m', 'put-64m'],
  modes: Object.keys(SCENARIOS).filter((name) => /signed/.test(name) && !/5g/.test(name)),
  rules: ['get-1k', 'put-4k', 'preflight'],
  latency: Object.keys(SCENARIOS).filter((name) => name.startsWith('latency-')),
  sizes: Object.keys(SCENARIOS).filter((name) => name.startsWith('size-')),
  memory: ['idle-connections', 'get-5g', 'put-5g', 'put-5g-signed', 'slow-uploads', 'slow-readers'],
}
