import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { makeCertificate, writePair } from '../support/certificates.ts'
import { freePort } from '../support/free-ports.ts'
import { KEY, type Rig, type RigOptions, startRig, UPSTREAM } from '../support/rig.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { send } from '../support/signed-request.ts'
import type { Checks, Finding } from './checks.ts'
import { readDashboardQueries, resolveVariables } from './dashboard-queries.ts'
import { query, startPrometheus } from './prometheus.ts'
import { buildSidecarConfig } from './sandbox-config.ts'

/** A proxy that is driven into a state, and the alerts that have to fire for it, and no others. */
interface State {
  readonly admin: string
  readonly fires: readonly string[]
  /** What happens to it once Prometheus has seen it in good order. */
  readonly drive: () => Promise<void>
  readonly stop: () => Promise<unknown>
}

/** What a panel has to show of a state: bounds of its value. */
interface Shown {
  readonly state: string
  readonly panel: string
  readonly labels?: Readonly<Record<string, string>>
  readonly least: number
  readonly most: number
}

const DAY_SECONDS = 86_400
const TIMEOUT_MS = 120_000

/** A bucket of the exempt, another of all others. */
const HALF_EXEMPT = `
  rules:
    - { name: exempt, match: { buckets: [other] }, exempt: an old tool }
    - { name: all, encrypt: { keyId: '${KEY}' } }`

const SHOWN: readonly Shown[] = [
  { state: 'quiet', panel: 'Coverage', least: 1, most: 1 },
  { state: 'quiet', panel: 'Not confirmed', least: 0, most: 0 },
  { state: 'quiet', panel: 'Out of order', least: 0, most: 0 },
  { state: 'unconfirmed', panel: 'Not confirmed', least: 0.9, most: 2 },
  { state: 'unconfirmed', panel: 'Coverage', least: 0.9, most: 0.99 },
  { state: 'exempt', panel: 'Coverage', least: 0.45, most: 0.55 },
  {
    state: 'exempt',
    panel: 'Objects written, by outcome',
    labels: { outcome: 'exempt' },
    least: 0.0001,
    most: 100,
  },
  {
    state: 'sse-s3',
    panel: 'Objects read, by their encryption',
    labels: { encryption: 'sse-s3' },
    least: 0.0001,
    most: 100,
  },
  { state: 'gone', panel: 'Out of order', labels: { part: 'upstream' }, least: 1, most: 1 },
  { state: 'gone', panel: 'Errors', least: 1, most: 1 },
  { state: 'certificate', panel: 'Certificates expire in', least: 0, most: 4 * DAY_SECONDS },
  { state: 'saturated', panel: 'Requests under way, share of the limit', least: 0.9, most: 1 },
  {
    state: 'observe',
    panel: 'Mode and configuration',
    labels: { mode: 'observe' },
    least: 1,
    most: 1,
  },
]

/**
 * Drives a proxy into each state that an alert is for, while Debian's Prometheus scrapes all of them:
 * that alert fires there and no other does, and the dashboard's panels show it. What an alert waits for
 * (`for`) is left out; promtool's tests have the times.
 */
export async function checkAlerts(checks: Checks, work: string): Promise<void> {
  const folder = join(work, 'alerts')
  mkdirSync(folder, { recursive: true })
  const states = await startStates(folder)
  const targets = [...states].map(([namespace, { admin }]) => ({
    address: new URL(admin).host,
    labels: { namespace, pod: `${namespace}-0` },
  }))
  const prometheus = await startPrometheus(folder, writeImmediateRules(folder), targets)
  try {
    const { url } = prometheus
    const running = [...states.values()].filter(({ fires }) => !fires.includes('SealgateDown'))
    await until(async () => {
      const [seen] = await query(url, 'count(sealgate_object_writes_total{outcome="sealed"})')
      return Number(seen?.value[1]) === running.length ? [] : ['not all have been scraped']
    })
    await Promise.all([...states.values()].map(({ drive }) => drive()))
    await checks.check('each alert fires in the state that it is for, and in no other', () =>
      until(() => compareAlerts(url, states)),
    )
    for (const shown of SHOWN) {
      await checks.check(`dashboard: ${shown.panel} in the state ${shown.state}`, () =>
        until(() => findWrongPanel(url, shown)),
      )
    }
  } finally {
    await prometheus.program.stop(5_000)
    await Promise.all([...states.values()].map(({ stop }) => stop()))
  }
}

async function startStates(folder: string): Promise<ReadonlyMap<string, State>> {
  const silent = await startSilentServer()
  const entries = await Promise.all([
    stateOf('quiet', [], {}, async ({ port }) => {
      await upload(port, 'bucket', 10)
      await send(port, { path: '/bucket/k0' })
    }),
    stateOf(
      'unconfirmed',
      ['SealgateEncryptionUnconfirmed'],
      { sandbox: { quirks: { silentCopy: true } } },
      async ({ port }) => {
        await upload(port, 'bucket', 30)
        const headers = { 'x-amz-copy-source': '/bucket/k0' }
        await send(port, { method: 'PUT', path: '/bucket/copy', headers })
      },
    ),
    stateOf('exempt', ['SealgateCoverageLow'], { policy: HALF_EXEMPT }, async ({ port }) => {
      await Promise.all([upload(port, 'bucket', 10), upload(port, 'other', 10)])
    }),
    stateOf('sse-s3', ['SealgateUnencryptedReads'], {}, async ({ port, sandbox }) => {
      // Around the proxy.
      await send(sandbox.port, {
        method: 'PUT',
        path: '/bucket/k',
        body: 'x',
        credentials: UPSTREAM,
      })
      await send(port, { path: '/bucket/k' })
    }),
    goneState(),
    stateOf(
      'saturated',
      ['SealgateSaturated'],
      {
        upstreamPort: silent.port,
        more: 'limits: { concurrentRequests: 5, concurrentRequestsPerClient: 5 }',
      },
      async ({ port }) => {
        for (let i = 0; i < 5; i++) send(port, { path: `/bucket/k${i}` }).catch(() => undefined)
      },
    ),
    stateOf(
      'observe',
      ['SealgateObservesOnly'],
      { policy: `\n  mode: observe\n  rules: [{ name: all, encrypt: { keyId: '${KEY}' } }]` },
      async () => undefined,
    ),
    startProgramState(folder),
    downState(),
  ])
  const states = new Map(entries)
  const saturated = states.get('saturated')
  if (saturated !== undefined) {
    const stop = (): Promise<unknown> => {
      silent.stop()
      return saturated.stop()
    }
    states.set('saturated', { ...saturated, stop })
  }
  return states
}

async function stateOf(
  name: string,
  fires: readonly string[],
  options: RigOptions,
  drive: (rig: Rig) => Promise<void>,
): Promise<readonly [string, State]> {
  const rig = await startRig(options)
  return [name, { admin: rig.adminUrl, fires, drive: () => drive(rig), stop: () => rig.close() }]
}

/**
 * S3 cannot be reached. The first read has failed before the first scrape: Prometheus' rate() does not
 * see the increase of a series that begins with all of it.
 */
async function goneState(): Promise<readonly [string, State]> {
  const rig = await startRig({ upstreamPort: await freePort() })
  const read = (): Promise<unknown> => send(rig.port, { path: '/bucket/k' })
  await read()
  const drive = async (): Promise<void> => {
    await Promise.all(Array.from({ length: 80 }, read))
  }
  const fires = ['SealgateDegraded', 'SealgateErrorRatio', 'SealgateUpstreamErrors']
  return ['gone', { admin: rig.adminUrl, fires, drive, stop: () => rig.close() }]
}

/** The program itself, with two workers: a certificate of three days, and a reload that is refused. */
async function startProgramState(folder: string): Promise<readonly [string, State]> {
  const inThreeDays = new Date(Date.now() + 3 * DAY_SECONDS * 1000).toISOString()
  const notAfter = `${inThreeDays.replace(/\D/g, '').slice(0, 14)}Z`
  const tls = writePair(folder, 'tls', makeCertificate({ notAfter }))
  const config = JSON.parse(buildSidecarConfig('sandbox:', undefined))
  config.listen.push({ address: '127.0.0.1:0', tls })
  config.workers = 2
  const file = join(folder, 'workers.yaml')
  writeFileSync(file, JSON.stringify(config))
  const sealgate = await SealgateProcess.serve(file, { isAlone: true })
  const drive = async (): Promise<void> => {
    writeFileSync(file, JSON.stringify({ ...config, version: 2 }))
    sealgate.signal('SIGHUP')
  }
  const fires = ['SealgateCertificateExpiring', 'SealgateConfigReloadFailed']
  const admin = sealgate.adminUrl
  return ['certificate', { admin, fires, drive, stop: () => sealgate.stop(10_000) }]
}

async function downState(): Promise<readonly [string, State]> {
  const admin = `http://127.0.0.1:${await freePort()}`
  const nothing = async (): Promise<void> => undefined
  return ['down', { admin, fires: ['SealgateDown'], drive: nothing, stop: nothing }]
}

/** Takes connections and never answers. */
async function startSilentServer(): Promise<{ readonly port: number; readonly stop: () => void }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.resume()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const stop = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { port: (server.address() as AddressInfo).port, stop }
}

async function upload(port: number, bucket: string, count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, i) => `/${bucket}/k${i}`)
  await Promise.all(keys.map((path) => send(port, { method: 'PUT', path, body: 'x' })))
}

function writeImmediateRules(folder: string): string {
  const { spec } = parse(readFileSync('deploy/prometheus/prometheus-rule.yaml', 'utf8'))
  for (const { rules } of spec.groups) for (const rule of rules) delete rule.for
  const file = join(folder, 'rules.yaml')
  writeFileSync(file, stringify(spec))
  return file
}

async function compareAlerts(url: string, states: ReadonlyMap<string, State>): Promise<Finding> {
  const firing = await query(url, 'ALERTS{alertstate="firing"}')
  const found = firing.map(({ metric }) => `${metric['namespace'] ?? '-'}: ${metric['alertname']}`)
  const wanted = [...states].flatMap(([name, { fires }]) => fires.map((one) => `${name}: ${one}`))
  return [
    ...wanted.filter((one) => !found.includes(one)).map((one) => `does not fire: ${one}`),
    ...found.filter((one) => !wanted.includes(one)).map((one) => `fires: ${one}`),
  ]
}

async function findWrongPanel(url: string, shown: Shown): Promise<Finding> {
  const [first] = readDashboardQueries().filter(({ panel }) => panel === shown.panel)
  if (first === undefined) return [`no panel ${shown.panel}`]
  const expression = resolveVariables(first.expression, shown.state, '10m')
  const series = await query(url, expression)
  const labels = Object.entries(shown.labels ?? {})
  const fitting = series.filter(({ metric }) =>
    labels.every(([name, value]) => metric[name] === value),
  )
  const values = fitting.map(({ value }) => Number(value[1]))
  const isRight = values.length > 0 && values.every((v) => v >= shown.least && v <= shown.most)
  return isRight ? [] : [`${values.join(', ')} of ${series.length}: ${expression}`]
}

/** What is found at the end, once nothing is or the time is up. */
async function until(find: () => Promise<Finding>): Promise<Finding> {
  const deadline = performance.now() + TIMEOUT_MS
  for (;;) {
    const findings = await find()
    if (findings.length === 0 || performance.now() > deadline) return findings
    await wait(500)
  }
}
