import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONTRACT } from '../contract/contract.ts'
import { runCases } from '../contract/run-cases.ts'
import { startSandboxTarget } from '../contract/sandbox-target.ts'
import { CLIENT_PACKAGES, installPackages, reasonNotHere } from '../support/packages.ts'
import { Report } from '../support/report.ts'
import { S3Client } from '../support/s3-client.ts'
import { SuiteSealgate } from '../support/suite-sealgate.ts'
import { auditAgreesWithMetrics } from './audit-agrees.ts'
import { CLIENT_PROGRAMS } from './client-programs.ts'
import { CLIENTS } from './clients.ts'
import { writesOnce } from './one-write.ts'
import { runClients } from './run-client.ts'
import { runPrograms } from './run-programs.ts'
import { signsByToken } from './web-identity.ts'
import { writePage } from './write-page.ts'

// Real clients through Sealgate on the embedded S3:
// `npm run test:clients [-- [-v] [--write] [CLIENT | web-identity | from=npm | from=PyPI | …]...]`. `--write`: the programs that ran
// get their rows of docs/compatibility.md.

const args = process.argv.slice(2)
const names = args.filter((arg) => !arg.startsWith('-'))
const print = (line: string) => process.stdout.write(`${line}\n`)
const report = new Report(print, args.includes('-v'))

const reason = reasonNotHere()
const chosen = CLIENTS.filter((one) => isChosen(one.name, one.from))
const programs = CLIENT_PROGRAMS.filter(
  (one) => isChosen(one.name, one.from) && (reason === undefined || one.from !== 'Debian 12'),
)
if (reason === undefined) {
  const debian = programs.filter(({ from }) => from === 'Debian 12')
  const more = debian.flatMap((one) => [one.package, ...(one.with ?? [])])
  const all = chosen.some(({ from }) => from === 'Debian 12') ? CLIENT_PACKAGES : []
  await installPackages(['openssl', ...all, ...more], print)
}

function isChosen(name: string, from: string): boolean {
  return names.length === 0 || names.includes(name) || names.includes(`from=${from.split(' ')[0]}`)
}

const folder = mkdtempSync(join(tmpdir(), 'sealgate-clients-'))
const sandbox = await startSandboxTarget()
const client = new S3Client(sandbox.address, sandbox.keys, sandbox.region)
const settings = { tls: true, trailers: 'forward' } as const
const sealgate = await SuiteSealgate.start(sandbox, join(folder, 'sealgate'), settings)
const { address, keys, region } = sealgate.access
const through = new S3Client(address, keys, region)
try {
  if (names.length === 0) {
    const kind = 'sealgate+sandbox'
    const target = { kind, client: through, upstream: client, kms: sandbox.kms } as const
    await runCases(target, CONTRACT, report.add.bind(report))
  }
  const here = chosen.filter((one) => reason === undefined || one.from === 'npm')
  for (const one of chosen.filter((other) => !here.includes(other))) {
    const detail = `${one.from}’s package: ${reason}`
    report.add({ suite: `client ${one.name}`, name: 'all', kind: 'skipped', detail })
  }
  const upstream = { name: 'sandbox', access: sandbox, client } as const
  await runClients(here, upstream, sealgate, folder, report)
  if (reason === undefined && names.length === 0) await writesOnce(folder, report)
  if (isChosen('web-identity', '')) await signsByToken(folder, report)
  if (programs.length > 0) {
    const at = join(folder, 'programs')
    const rows = await runPrograms(programs, upstream, sealgate, at, report, print)
    if (args.includes('--write')) writePage(rows)
  }
  // Other suites have a Sealgate of their own.
  const isUsed = names.length === 0 || here.length + programs.length > 0
  if (isUsed) await auditAgreesWithMetrics('clients', sealgate, report)
} finally {
  await sealgate.stop()
  through.close()
  client.close()
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
}
print(report.summary())
process.exitCode = report.count('failed') === 0 && report.count('passed') > 0 ? 0 : 1
