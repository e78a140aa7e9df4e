import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { KmsKeys } from '../support/access.ts'
import { S3Client } from '../support/s3-client.ts'
import { encryptUnder, type SealgateSettings, SuiteSealgate } from '../support/suite-sealgate.ts'
import { CONTRACT } from './contract.ts'
import type { ContractCase } from './contract-case.ts'
import { guardRules } from './guards/guard-rules.ts'
import { GUARD_CASES } from './guards/guards.ts'
import { runCases } from './run-cases.ts'
import { startSandboxTarget } from './sandbox-target.ts'

t.test('Sealgate in front of the embedded S3 keeps the contract', (t) => keeps(t, CONTRACT))

t.test('so it does with guards', (t) =>
  keeps(t, GUARD_CASES, ({ one }) => ({ rules: guardRules({ encrypt: encryptUnder(one) }) })),
)

async function keeps(
  t: Test,
  cases: readonly ContractCase[],
  settingsFor: (kms: KmsKeys) => SealgateSettings = () => ({}),
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-contract-'))
  const sandbox = await startSandboxTarget()
  const sealgate = await SuiteSealgate.start(sandbox, folder, settingsFor(sandbox.kms))
  const { address, keys, region } = sealgate.access
  const client = new S3Client(address, keys, region)
  const upstream = new S3Client(sandbox.address, sandbox.keys, sandbox.region)
  t.teardown(async () => {
    client.close()
    upstream.close()
    await sealgate.stop()
    await sandbox.close()
    rmSync(folder, { recursive: true })
  })
  const target = { kind: 'sealgate+sandbox', client, upstream, kms: sandbox.kms } as const
  await runCases(target, cases, (result) => {
    if (result.kind === 'skipped') t.pass(result.name, { skip: result.detail })
    else t.equal(result.detail, '', result.name)
  })
  t.equal(sealgate.isRunning, true, 'it still runs')
}

const HAS_PROC = existsSync('/proc/self/cmdline') ? {} : { skip: 'needs /proc' }

t.test(
  'a Sealgate that does not get ready in time leaves no process behind',
  HAS_PROC,
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sealgate-contract-'))
    const sandbox = await startSandboxTarget()
    t.teardown(async () => {
      await sandbox.close()
      rmSync(folder, { recursive: true })
    })
    await t.rejects(SuiteSealgate.start(sandbox, folder, {}, 0), /does not get ready/)
    t.strictSame(commandsWith(folder), [])
  },
)

/** Command lines of this machine's processes that name a folder. */
function commandsWith(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'latin1')]
      } catch {
        return []
      }
    })
    .filter((command) => command.includes(folder))
}
