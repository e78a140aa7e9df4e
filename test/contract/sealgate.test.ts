import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { S3Client } from '../support/s3-client.ts'
import { SuiteSealgate } from '../support/suite-sealgate.ts'
import { CONTRACT } from './contract.ts'
import { runCases } from './run-cases.ts'
import { startSandboxTarget } from './sandbox-target.ts'

t.test('Sealgate in front of the embedded S3 keeps the contract', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-contract-'))
  const sandbox = await startSandboxTarget()
  const sealgate = await SuiteSealgate.start(sandbox, folder)
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
  await runCases(target, CONTRACT, (result) => {
    if (result.kind === 'skipped') t.pass(result.name, { skip: result.detail })
    else t.equal(result.detail, '', result.name)
  })
  t.equal(sealgate.isRunning, true, 'it still runs')
})

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
