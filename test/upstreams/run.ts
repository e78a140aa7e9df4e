import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { auditAgreesWithMetrics } from '../clients/audit-agrees.ts'
import { falseSuccesses, unconfirmedWrites } from '../contract/false-successes.ts'
import { Report } from '../support/report.ts'
import { S3Client } from '../support/s3-client.ts'
import type { SuiteSealgate } from '../support/suite-sealgate.ts'
import { type Abilities, abilitiesOf } from './abilities.ts'
import {
  askThroughSealgate,
  casesFor,
  comparedFor,
  differencesAt,
  isEnforced,
  observe,
  settingsFor,
} from './ask-server.ts'
import { installed } from './cache.ts'
import { howIsItOnDisk } from './on-disk.ts'
import { DOCUMENT, pageOf } from './page.ts'
import type { RunningServer, ServerUnderTest } from './server.ts'
import { SERVERS } from './servers.ts'
import {
  type Differences,
  keepSnapshot,
  keptSnapshot,
  type Snapshot,
  type Way,
} from './snapshot.ts'

const USAGE = `usage: node build/test/upstreams/run.js [-v] [--write] [SERVER[=BEGIN,BEGIN...]]...
SERVER: ${SERVERS.map(({ name }) => name).join(', ')}; all of them unless named. BEGIN: of the ids of cases, which alone are asked.
-v: passes too; --write: keep what was seen in test/upstreams/expected and write ${DOCUMENT}; not with BEGIN.`

const args = process.argv.slice(2)
const wanted = new Map(
  args
    .filter((arg) => !arg.startsWith('-'))
    .map((arg) => {
      const [name = '', begins] = arg.split('=')
      return [name, begins?.split(',')] as const
    }),
)
const report = new Report(print, args.includes('-v'))
const folder = mkdtempSync(join(tmpdir(), 'sealgate-upstreams-run-'))

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** What a run saw of a server; abilities only if every case was asked. */
type Seen = Omit<Snapshot, 'abilities'> & { readonly abilities: Abilities | undefined }

/** Asks one server in all ways; gives what was seen. */
async function look(server: ServerUnderTest, running: RunningServer, at: string): Promise<Seen> {
  const { address, keys, region, kms } = running.access
  const client = new S3Client(address, keys, region)
  const direct = { kind: 'other', client, upstream: client, kms } as const
  const seen = await observe(direct, wantedOf(server, casesFor('direct', server.setup)))
  const abilities = isPartial(server)
    ? undefined
    : abilitiesOf(seen, await howIsItOnDisk(direct, running.dataFolder))
  client.close()
  const cases: Partial<Record<Way, Differences>> = {
    direct: differencesAt('other', wantedOf(server, comparedFor('direct', server)), seen),
  }
  for (const way of ['enforced', 'relaxed', 'guards'] as const) {
    const asked = wantedOf(server, casesFor(way, server.setup))
    if (asked.length === 0) continue
    const isKeyed = isEnforced(way, server.setup)
    const through = await askThroughSealgate(
      running,
      join(at, way),
      asked,
      settingsFor(way, server.setup, kms),
      (sealgate) => checkSealgate(server.name, sealgate, isKeyed ? kms.one : undefined),
    )
    const compared = wantedOf(server, comparedFor(way, server))
    cases[way] = differencesAt('sealgate+other', compared, through)
    if (isKeyed)
      await mustBeEmpty(server.name, `${way}: no success is false`, falseSuccesses(through))
  }
  return {
    version: server.version,
    date: new Date().toISOString().slice(0, 10),
    abilities,
    cases,
  }
}

function isPartial({ name }: ServerUnderTest): boolean {
  return wanted.get(name) !== undefined
}

function wantedOf<T extends { readonly id: string }>(
  { name }: ServerUnderTest,
  cases: readonly T[],
): readonly T[] {
  const begins = wanted.get(name) ?? ['']
  return cases.filter(({ id }) => begins.some((begin) => id.startsWith(begin)))
}

async function checkSealgate(
  name: string,
  sealgate: SuiteSealgate,
  keyId: string | undefined,
): Promise<void> {
  await auditAgreesWithMetrics(name, sealgate, report)
  if (keyId === undefined) return
  await mustBeEmpty(
    name,
    'every success is confirmed in the audit log',
    unconfirmedWrites(sealgate, keyId),
  )
}

function mustBeEmpty(suite: string, name: string, wrong: readonly string[]): Promise<boolean> {
  return report.check(suite, name, async () => {
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
  })
}

/** The table is closed: each difference that is new, gone or other is a failure. */
async function compare(
  server: ServerUnderTest,
  kept: Snapshot | undefined,
  seen: Seen,
): Promise<void> {
  const { name } = server
  await report.check(name, 'is of the version that its table is about', async () => {
    if (kept?.version !== seen.version) throw new Error(`${kept?.version}, not ${seen.version}`)
  })
  for (const [way, differences] of Object.entries(seen.cases)) {
    const before = kept?.cases[way as Way] ?? {}
    const ids = new Set([...Object.keys(before), ...Object.keys(differences)])
    for (const { id } of wantedOf(
      server,
      [...ids].map((id) => ({ id })),
    )) {
      await report.check(name, `${way} ${id} is as its table says`, async () => {
        const [was, is] = [before[id], differences[id]]
        if (!isDeepStrictEqual(was, is)) throw new Error(`${say(was)} before, now ${say(is)}`)
      })
    }
  }
  const { abilities } = seen
  if (abilities === undefined) return
  await report.check(name, 'has the abilities that its table says', async () => {
    const wrong = Object.entries(abilities).filter(
      ([ability, word]) => kept?.abilities[ability as keyof Snapshot['abilities']] !== word,
    )
    if (wrong.length > 0) throw new Error(JSON.stringify(Object.fromEntries(wrong)))
  })
}

function say(difference: unknown): string {
  return difference === undefined ? 'as the contract says' : JSON.stringify(difference)
}

async function runServer(server: ServerUnderTest): Promise<void> {
  const at = join(folder, server.name)
  mkdirSync(at)
  const keys = {
    accessKeyId: `SG${randomBytes(9).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(20).toString('hex'),
  }
  const running = await server.start({
    installed: await installed(server, print),
    folder: at,
    keys,
  })
  try {
    const seen = await look(server, running, at)
    await report.check(server.name, 'still runs', async () => {
      if (!running.isRunning()) throw new Error('the server ended')
    })
    const { abilities } = seen
    if (args.includes('--write') && abilities) keepSnapshot(server.name, { ...seen, abilities })
    await compare(server, keptSnapshot(server.name), seen)
  } finally {
    await running.stop()
  }
}

async function main(): Promise<number> {
  if (args.includes('-h') || args.includes('--help')) {
    print(USAGE)
    return 0
  }
  const chosen = SERVERS.filter(({ name }) => wanted.size === 0 || wanted.has(name))
  for (const server of chosen) {
    const begin = Date.now()
    await report.check(server.name, 'runs to its end', () => runServer(server))
    print(`# ${server.name} ${server.version}: ${((Date.now() - begin) / 1000).toFixed(0)} s`)
  }
  if (args.includes('--write')) writeFileSync(DOCUMENT, pageOf(SERVERS, keptSnapshot))
  await report.check('page', `${DOCUMENT} is what the tables say`, async () => {
    if (readFileSync(DOCUMENT, 'utf8') !== pageOf(SERVERS, keptSnapshot)) {
      throw new Error('write it with --write')
    }
  })
  rmSync(folder, { recursive: true, force: true })
  print(report.summary())
  return report.count('failed') === 0 && report.count('passed') > 0 ? 0 : 1
}

process.exitCode = await main()
