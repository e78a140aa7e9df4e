import { deepEqual } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditAgreesWithMetrics } from '../clients/audit-agrees.ts'
import { CLIENT_PROGRAMS } from '../clients/client-programs.ts'
import { CLIENTS } from '../clients/clients.ts'
import { updateCompatibility } from '../clients/compatibility.ts'
import { type ClientRow, runClients, type Upstream } from '../clients/run-client.ts'
import { runPrograms } from '../clients/run-programs.ts'
import { CONTRACT } from '../contract/contract.ts'
import type { ContractCase } from '../contract/contract-case.ts'
import { unconfirmedWrites } from '../contract/false-successes.ts'
import { guardRules } from '../contract/guards/guard-rules.ts'
import { GUARD_CASES } from '../contract/guards/guards.ts'
import { runCases } from '../contract/run-cases.ts'
import { numbersAgree } from '../support/numbers-agree.ts'
import {
  CLIENT_PACKAGES,
  installPackages,
  reasonNotHere,
  SERVER_PACKAGES,
} from '../support/packages.ts'
import { Report } from '../support/report.ts'
import { S3Client } from '../support/s3-client.ts'
import { encryptUnder, type SealgateSettings, SuiteSealgate } from '../support/suite-sealgate.ts'
import { runFaults } from './faults.ts'
import { runLegacy } from './legacy.ts'
import { keepRadosgwAlive, RGW, startRgw, stopRgw } from './rgw.ts'
import { runSessions } from './sessions.ts'
import { runSweep } from './sweep.ts'

const DOCUMENT = 'docs/compatibility.md'
const USAGE = `usage: node build/test/rgw/run.js [-v] [--keep] [--write] [SUITE[=PART]]...
SUITE: contract and guards (PART: begin of a case's id), clients and programs (PART: a client's name), sessions, legacy, numbers (PART: a count of requests), sweep, faults; all of them unless named.
-v: passes too; --keep: leave the server running; --write: write ${DOCUMENT}.`

/**
 * Without npm's, for the sake of time; those that complain of ETags, since RGW keeps MD5 ETags under SSE-KMS; and those
 * that need copies, which RGW does not encrypt, so that they are 501.
 */
const PROGRAMS = CLIENT_PROGRAMS.filter(
  ({ from, complains, copies }) => from === 'Debian 12' && !complains && !copies,
)

const args = process.argv.slice(2)
const wanted = args.filter((arg) => !arg.startsWith('-'))
const report = new Report(print, args.includes('-v'))
const client = new S3Client(RGW.address, RGW.keys, RGW.region)
const upstream: Upstream = { name: 'rgw', access: RGW, client }
let letDie = () => {}
const folder = mkdtempSync(join(tmpdir(), 'sealgate-on-rgw-'))

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** The part of a suite that is wanted: all of it is the empty text; undefined: none. */
function partOf(suite: string): string | undefined {
  if (wanted.length === 0) return ''
  for (const one of wanted) {
    if (one === suite) return ''
    if (one.startsWith(`${suite}=`)) return one.slice(suite.length + 1)
  }
  return undefined
}

async function contract(part: string): Promise<void> {
  const cases = CONTRACT.filter((one) => one.id.startsWith(part))
  const add = report.add.bind(report)
  await runCases({ kind: 'rgw', client, upstream: client, kms: RGW.kms }, cases, add)
  await throughSealgate('contract', cases)
}

/** The guards of rules; RGW is asked afterwards what it has. */
async function guards(part: string): Promise<void> {
  const cases = GUARD_CASES.filter((one) => one.id.startsWith(part))
  const rules = guardRules({ encrypt: encryptUnder(RGW.kms.one) })
  await throughSealgate('guards', cases, { rules })
}

async function throughSealgate(
  name: string,
  cases: readonly ContractCase[],
  settings: SealgateSettings = {},
): Promise<void> {
  const sealgate = await SuiteSealgate.start(RGW, join(folder, name), settings)
  const { address, keys, region } = sealgate.access
  const through = new S3Client(address, keys, region)
  const target = { kind: 'sealgate+rgw', client: through, upstream: client, kms: RGW.kms } as const
  await runCases(target, cases, report.add.bind(report))
  await auditAgreesWithMetrics(`${name} sealgate+rgw`, sealgate, report)
  await report.check(name, 'every success is confirmed in the audit log', async () => {
    deepEqual(unconfirmedWrites(sealgate, RGW.kms.one), [])
  })
  through.close()
  await sealgate.stop()
}

async function clients(part: string): Promise<void> {
  const sealgate = await SuiteSealgate.start(RGW, join(folder, 'clients'), { tls: true })
  const chosen = CLIENTS.filter((one) => part === '' || one.name === part)
  const rows = await runClients(chosen, upstream, sealgate, folder, report)
  await auditAgreesWithMetrics('clients', sealgate, report)
  await sealgate.stop()
  if (part === '') await checkDocument(rows)
}

async function programs(part: string): Promise<void> {
  const sealgate = await SuiteSealgate.start(RGW, join(folder, 'sealgate'), { tls: true })
  const chosen = PROGRAMS.filter((one) => part === '' || one.name === part)
  const at = join(folder, 'programs')
  await runPrograms(chosen, upstream, sealgate, at, report, print)
  await sealgate.stop()
}

/** The document says what was seen; `--write` makes it say so. */
async function checkDocument(rows: readonly ClientRow[]): Promise<void> {
  await report.check('clients', `${DOCUMENT} says what this run saw`, async () => {
    const kept = readFileSync(DOCUMENT, 'utf8')
    const text = updateCompatibility(kept, rows, CONTRACT)
    if (args.includes('--write')) writeFileSync(DOCUMENT, text)
    else if (kept !== text)
      throw new Error(`write it with --write; new lines:\n${newLines(kept, text)}`)
  })
}

function newLines(kept: string, text: string): string {
  const lines = new Set(kept.split('\n'))
  const fresh = text.split('\n').filter((line) => !lines.has(line))
  return fresh.join('\n')
}

async function faults(): Promise<void> {
  letDie()
  await runFaults(join(folder, 'faults'), report)
}

async function sessions(): Promise<void> {
  await runSessions(client, join(folder, 'sessions'), report)
}

async function legacy(): Promise<void> {
  await runLegacy(client, join(folder, 'legacy'), report)
}

async function sweep(): Promise<void> {
  await runSweep(client, join(folder, 'sweep'), report)
}

/** The report of a trail, the metrics, and a HEAD of every object. */
async function numbers(part: string): Promise<void> {
  const count = part === '' ? 2000 : Number(part)
  const at = join(folder, 'numbers')
  const run = { upstream: RGW, folder: at, count, seed: 20_261_128 }
  const { differences, total, objects, requests } = await numbersAgree(run)
  print(`# ${requests} requests, ${objects} objects: ${JSON.stringify(total)}`)
  if (differences.length > 0) throw new Error(differences.slice(0, 20).join('\n'))
}

/** The faults come last: they kill what the others need alive. */
const SUITES = {
  contract,
  guards,
  clients,
  programs,
  sessions,
  legacy,
  numbers,
  sweep,
  faults,
} as const

/** Suites that run Debian's clients. */
const WITH_CLIENTS = ['clients', 'programs', 'sessions', 'legacy', 'faults'] as const

async function runSuites(): Promise<void> {
  for (const [suite, run] of Object.entries(SUITES)) {
    const part = partOf(suite)
    if (part === undefined) continue
    const begin = Date.now()
    const alright = await report.check(suite, 'runs to its end', () => run(part))
    const seconds = ((Date.now() - begin) / 1000).toFixed(0)
    print(`# ${suite}: ${seconds} s${alright ? '' : ', broken off'}`)
  }
}

async function main(): Promise<number> {
  if (args.includes('-h') || args.includes('--help')) {
    print(USAGE)
    return 0
  }
  const reason = reasonNotHere()
  if (reason !== undefined) {
    print(`test/rgw ${reason}`)
    print('0 passed, 1 failed')
    return 1
  }
  // They are many, and take long to install.
  const programs = partOf('programs') === undefined ? [] : PROGRAMS
  const debian = programs.flatMap((one) => [one.package, ...(one.with ?? [])])
  const hasClients = WITH_CLIENTS.some((suite) => partOf(suite) !== undefined)
  const clientPackages = hasClients ? [...CLIENT_PACKAGES, ...debian] : []
  await installPackages([...SERVER_PACKAGES, ...clientPackages], print)
  await startRgw()
  letDie = keepRadosgwAlive()
  try {
    await runSuites()
  } finally {
    client.close()
    letDie()
    if (!args.includes('--keep')) await stopRgw()
    rmSync(folder, { recursive: true, force: true })
  }
  print(report.summary())
  return report.count('failed') === 0 && report.count('passed') > 0 ? 0 : 1
}

process.exitCode = await main()
