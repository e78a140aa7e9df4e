import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONTRACT } from '../contract/contract.ts'
import { Report } from '../contract/report.ts'
import { runCases } from '../contract/run-cases.ts'
import { S3Client } from '../contract/s3-client.ts'
import { startSandboxTarget } from '../contract/sandbox-target.ts'
import { CLIENT_PACKAGES, installPackages, reasonNotHere } from '../rgw/packages.ts'
import { auditAgreesWithMetrics } from './audit-agrees.ts'
import { CLIENTS } from './clients.ts'
import { runClients } from './run-client.ts'
import { SealgateProcess } from './sealgate-process.ts'

// Real clients through Sealgate on the embedded S3: `npm run test:clients [-- [-v] [CLIENT]...]`.

const args = process.argv.slice(2)
const names = args.filter((arg) => !arg.startsWith('-'))
const print = (line: string) => process.stdout.write(`${line}\n`)
const report = new Report(print, args.includes('-v'))

const reason = reasonNotHere()
if (reason === undefined) await installPackages(CLIENT_PACKAGES, print)

const folder = mkdtempSync(join(tmpdir(), 'sealgate-clients-'))
const sandbox = await startSandboxTarget()
const client = new S3Client(sandbox.address, sandbox.keys, sandbox.region)
const sealgate = await SealgateProcess.start(sandbox, join(folder, 'sealgate'), { tls: true })
const { address, keys, region } = sealgate.access
const through = new S3Client(address, keys, region)
try {
  if (names.length === 0) {
    const kind = 'sealgate+sandbox'
    const target = { kind, client: through, upstream: client, kms: sandbox.kms } as const
    await runCases(target, CONTRACT, report.add.bind(report))
  }
  const chosen = CLIENTS.filter((one) => names.length === 0 || names.includes(one.name))
  const here = chosen.filter((one) => reason === undefined || one.from === 'npm')
  for (const one of chosen.filter((other) => !here.includes(other))) {
    const detail = `${one.from}’s package: ${reason}`
    report.add({ suite: `client ${one.name}`, name: 'all', kind: 'skipped', detail })
  }
  await runClients(here, { name: 'sandbox', access: sandbox, client }, sealgate, folder, report)
  await auditAgreesWithMetrics('clients', sealgate, report)
} finally {
  await sealgate.stop()
  through.close()
  client.close()
  await sandbox.close()
  rmSync(folder, { recursive: true, force: true })
}
print(report.summary())
process.exitCode = report.count('failed') === 0 && report.count('passed') > 0 ? 0 : 1
