/** The programs under test, all in front of the same stand-in for S3. */
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { usageError } from './arguments.mjs'
import { KEY_ID, startPassThrough, startUpstream } from './nginx.mjs'
import { PEERS } from './peers.mjs'
import { freePort, run, start } from './processes.mjs'
import { CLIENT, HOST, REGION } from './sign.mjs'

/** Rules and clients by target; the ones that the requests need are the last ones. */
const MANY = {
  'sealgate-rules': { rules: 1_000, clients: 10_000 },
  'sealgate-rules-10': { rules: 10, clients: 1 },
  'sealgate-rules-100': { rules: 100, clients: 1 },
  'sealgate-rules-1000': { rules: 1_000, clients: 1 },
}
const ONE = { rules: 1, clients: 1 }

const BENCH_FOLDER = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * @typedef {object} Target
 * @property {string} name
 * @property {string} baseline  The target that its figures are divided by.
 * @property {boolean} tls  Towards the load generator.
 * @property {import('./processes.mjs').Started} process
 * @property {import('./processes.mjs').Started} upstream  What stands behind it.
 */

/**
 * What can be asked for: its name, what it is compared with, and which sides use TLS: a sidecar's
 * application speaks plain HTTP to it.
 *
 * @type {Record<string, { baseline: string, tls: 'none' | 'upstream' | 'both' }>}
 */
const TARGETS = {
  nginx: { baseline: 'nginx', tls: 'none' },
  'http-proxy': { baseline: 'nginx', tls: 'none' },
  floor: { baseline: 'nginx', tls: 'none' },
  envoy: { baseline: 'nginx', tls: 'none' },
  versitygw: { baseline: 'nginx', tls: 'none' },
  sealgate: { baseline: 'nginx', tls: 'none' },
  'sealgate-rules': { baseline: 'sealgate', tls: 'none' },
  'sealgate-rules-10': { baseline: 'sealgate', tls: 'none' },
  'sealgate-rules-100': { baseline: 'sealgate', tls: 'none' },
  'sealgate-rules-1000': { baseline: 'sealgate', tls: 'none' },
  'sealgate-2': { baseline: 'nginx-2', tls: 'none' },
  'nginx-2': { baseline: 'nginx-2', tls: 'none' },
  'nginx-sidecar': { baseline: 'nginx-sidecar', tls: 'upstream' },
  'sealgate-sidecar': { baseline: 'nginx-sidecar', tls: 'upstream' },
  'nginx-tls': { baseline: 'nginx-tls', tls: 'both' },
  'sealgate-tls': { baseline: 'nginx-tls', tls: 'both' },
}

/** An unknown target is a usage error. */
export function requireTargets(/** @type {readonly string[]} */ names) {
  for (const name of names) {
    if (TARGETS[name] === undefined) {
      usageError(`unknown target ${name}; known: ${Object.keys(TARGETS).join(', ')}`)
    }
  }
}

/**
 * Starts upstreams and targets.
 *
 * @param {{ folder: string, names: readonly string[], entry: string, nodeArgs?: readonly string[] }} options
 *   `entry`: the built main.js of Sealgate.
 * @returns {Promise<{ targets: Target[], caFile: string | undefined }>}
 */
export async function startTargets({ folder, names, entry, nodeArgs = [] }) {
  const specs = names.map((name) => ({ name, ...TARGETS[name] }))
  const tls = specs.some((spec) => spec.tls !== 'none') ? await makeCertificates(folder) : undefined
  const upstream = await startUpstream({ folder, port: await freePort() })
  const upstreamTls = tls ? await startUpstream({ folder, port: await freePort(), tls }) : undefined
  /** @type {Target[]} */
  const targets = []
  for (const { name, baseline, tls: sides } of specs) {
    const behind = sides !== 'none' && upstreamTls ? upstreamTls : upstream
    const isTls = sides === 'both'
    const process = await startTarget({
      name,
      folder,
      upstreamPort: behind.port,
      tls: isTls ? tls : undefined,
      upstreamTls: sides === 'none' ? undefined : tls,
      entry,
      nodeArgs,
    })
    targets.push({ name, baseline, tls: isTls, process, upstream: behind })
  }
  return { targets, caFile: tls?.caFile }
}

/**
 * @param {{ name: string, folder: string, upstreamPort: number, entry: string,
 *   tls: import('./nginx.mjs').TlsFiles | undefined,
 *   upstreamTls: import('./nginx.mjs').TlsFiles | undefined, nodeArgs: readonly string[] }} options
 */
async function startTarget({ name, folder, upstreamPort, tls, upstreamTls, entry, nodeArgs }) {
  const port = await freePort()
  const workers = name.endsWith('-2') ? 2 : 1
  if (name.startsWith('nginx')) {
    return await startPassThrough({ name, folder, port, upstreamPort, workers, tls, upstreamTls })
  }
  const peer = PEERS[name]
  if (peer !== undefined) return await peer({ name, folder, port, upstreamPort })
  const logFile = join(folder, `${name}.log`)
  if (name === 'http-proxy' || name === 'floor') {
    const script = name === 'floor' ? 'floor-proxy.mjs' : 'obvious-proxy.mjs'
    const args = [join(BENCH_FOLDER, script), String(port), String(upstreamPort)]
    if (name === 'floor') args.push('gc=8')
    return await start({ name, command: process.execPath, args, port, logFile })
  }
  const place = { folder, port, upstreamPort, tls, upstreamTls }
  return await startSealgate({ name, ...place, entry, nodeArgs, workers })
}

/**
 * @param {{ name: string, folder: string, port: number, upstreamPort: number, entry: string,
 *   tls: import('./nginx.mjs').TlsFiles | undefined,
 *   upstreamTls: import('./nginx.mjs').TlsFiles | undefined, nodeArgs: readonly string[],
 *   workers: number, command?: string, startTimeoutMs?: number, audit?: string }} options
 *   `command`: another Node than this one, or a program that runs it; `audit`: see auditConfiguration.
 */
export async function startSealgate(options) {
  const {
    name,
    folder,
    port,
    entry,
    nodeArgs,
    command = process.execPath,
    startTimeoutMs,
  } = options
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, sealgateConfiguration({ ...options, adminPort: await freePort() }))
  const args = [...nodeArgs, entry, 'serve', '--config', file]
  const logFile = join(folder, `${name}.log`)
  return await start({ name, command, args, port, logFile, startTimeoutMs })
}

/**
 * Everything on that production has on: signatures verified, policy, confirmation, audit to a
 * file, metrics.
 *
 * @param {{ folder: string, name: string, port: number, adminPort: number, upstreamPort: number,
 *   tls: import('./nginx.mjs').TlsFiles | undefined,
 *   upstreamTls: import('./nginx.mjs').TlsFiles | undefined, workers: number, audit?: string }} options
 */
function sealgateConfiguration(options) {
  const { name, port, adminPort, upstreamPort, tls, upstreamTls, workers } = options
  const { rules, clients } = MANY[/** @type {keyof typeof MANY} */ (name)] ?? ONE
  return `version: 1
listen:
  - address: 127.0.0.1:${port}
    hosts: [${HOST}]
${tls ? `    tls: { certFile: ${tls.certFile}, keyFile: ${tls.keyFile} }` : ''}
admin: { address: 127.0.0.1:${adminPort} }
upstream:
  endpoint: ${upstreamTls ? 'https' : 'http'}://127.0.0.1:${upstreamPort}
  region: ${REGION}
  addressing: path
  credentials: { source: static, accessKeyId: SGUPSTREAM00000001, secretAccessKey: bench-upstream }
${upstreamTls ? `  caFile: ${upstreamTls.caFile}` : ''}
clients:
${otherClients(clients - 1)}
- name: bench
  accessKeyId: ${CLIENT.accessKeyId}
  secretAccessKey: ${CLIENT.secretAccessKey}
  buckets: ['bench']
policy:
  rules:
${otherRules(rules - 1)}
    - name: bench
      match: { buckets: ['bench'] }
      encrypt: { algorithm: 'aws:kms', keyId: '${KEY_ID}', bucketKey: true }
${auditConfiguration(options)}
${workers > 1 ? `workers: ${workers}` : ''}
`
}

/**
 * `plain`: a file of lines. `chain`: the same lines, each with the hash of the one before. `sealed`: and a tree that is
 * signed every second.
 *
 * @param {{ folder: string, name: string, audit?: string }} options
 */
function auditConfiguration({ folder, name, audit = 'plain' }) {
  const file = join(folder, `${name}.audit.jsonl`)
  if (audit === 'plain') return `audit: { destination: ${file} }`
  const origin = `bench.example/${name}`
  if (audit === 'chain') return `audit: { destination: ${file}, evidence: { origin: ${origin} } }`
  const key = join(folder, `${name}.pem`)
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  const directory = join(folder, `${name}-trail`)
  return `audit: { evidence: { origin: ${origin}, directory: ${directory}, key: { file: ${key} }, every: 1s } }`
}

/** Short, since a configuration has at most a million characters. */
function otherClients(/** @type {number} */ count) {
  return Array.from({ length: count }, (_, i) => {
    const id = String(i).padStart(5, '0')
    return `- {name: c${id},accessKeyId: SGOTHER${id},secretAccessKey: secret-for-${id},buckets: [b${id}]}`
  }).join('\n')
}

function otherRules(/** @type {number} */ count) {
  return Array.from({ length: count }, (_, i) => {
    const id = String(i).padStart(5, '0')
    return `    - {name: r${id},match: {buckets: [b${id}]},encrypt: {algorithm: 'aws:kms',keyId: other}}`
  }).join('\n')
}

/** A CA of this run and one server certificate under it. */
export async function makeCertificates(/** @type {string} */ folder) {
  const file = (/** @type {string} */ name) => join(folder, name)
  const files = {
    caFile: file('ca.pem'),
    certFile: file('server.pem'),
    keyFile: file('server.key'),
  }
  writeFileSync(file('server.ext'), `subjectAltName=DNS:localhost,DNS:${HOST},IP:127.0.0.1\n`)
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl([
    'req',
    '-x509',
    ...newKey,
    '-days',
    '2',
    '-subj',
    '/CN=bench CA',
    '-keyout',
    file('ca.key'),
    '-out',
    files.caFile,
  ])
  await openssl([
    'req',
    ...newKey,
    '-subj',
    '/CN=localhost',
    '-keyout',
    files.keyFile,
    '-out',
    file('server.csr'),
  ])
  await openssl([
    'x509',
    '-req',
    '-in',
    file('server.csr'),
    '-CA',
    files.caFile,
    '-CAkey',
    file('ca.key'),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    file('server.ext'),
    '-out',
    files.certFile,
  ])
  return files
}

async function openssl(/** @type {readonly string[]} */ args) {
  const { code, stderr } = await run('openssl', args)
  if (code !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`)
}
