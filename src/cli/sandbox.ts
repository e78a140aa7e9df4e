import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from '../sandbox/sandbox.ts'
import type { ExitCode, Terminal } from './command.ts'
import type { HostPort } from './option-values.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** Printed in the documentation; the sandbox is for trying and testing on loopback. */
const ACCOUNT = {
  accessKeyId: 'SGSANDBOX00000000001',
  secretAccessKey: 'sandbox-only-secret-do-not-use-elsewhere',
}

const REGION = 'us-east-1'
const KMS_KEY = `arn:aws:kms:${REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`

/** The options of `sealgate sandbox`. */
export interface SandboxOptions {
  readonly address: HostPort
  /** Where objects are kept; undefined: a temporary folder, removed at the end. */
  readonly data?: string | undefined
}

/** `sealgate sandbox`: the embedded S3 alone, until SIGTERM or SIGINT. */
export async function sandbox(options: SandboxOptions, terminal: Terminal): Promise<ExitCode> {
  const { address, data } = options
  const dataDir = data ?? (await mkdtemp(join(tmpdir(), 'sealgate-sandbox-')))
  try {
    const running = await startSandbox({
      ...address,
      dataDir,
      region: REGION,
      accounts: [ACCOUNT],
      kmsKeys: [{ arn: KMS_KEY, state: 'enabled' }],
      buckets: ['demo'],
    })
    const stopped = stopSignal(() => terminal.exit?.(1))
    terminal.stdout(
      `embedded S3 at ${running.url}, data in ${dataDir}\n` +
        `  access key ${ACCOUNT.accessKeyId}\n  secret     ${ACCOUNT.secretAccessKey}\n` +
        `  region     ${REGION}, bucket demo\n  KMS key    ${KMS_KEY}\n`,
    )
    await stopped
    await running.close()
    return 0
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem('--address', error)}\n`)
    return 1
  } finally {
    if (data === undefined) await rm(dataDir, { recursive: true, force: true })
  }
}
