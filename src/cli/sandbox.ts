import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KmsKey } from '../sandbox/kms-keys.ts'
import type { Quirks } from '../sandbox/quirks.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import type { HostPort } from './option-values.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** Printed in the documentation; the sandbox is for trying and testing on loopback. */
const ACCOUNT = {
  accessKeyId: 'SGSANDBOX00000000001',
  secretAccessKey: 'sandbox-only-secret-do-not-use-elsewhere',
}

const REGION = 'us-east-1'
const BUCKET = 'demo'

/** The options of `sealgate sandbox`. */
export interface SandboxOptions {
  readonly address: HostPort
  /** Where objects are kept; undefined: a temporary folder, removed at the end. */
  readonly data?: string | undefined
  readonly bucket?: readonly string[] | undefined
  readonly region?: string | undefined
  /** Undefined: one key, of the region. */
  readonly kmsKey?: readonly KmsKey[] | undefined
  readonly quirk?: Quirks | undefined
}

/** `sealgate sandbox`: the embedded S3 alone, until SIGTERM or SIGINT. */
export async function sandbox(options: SandboxOptions, terminal: Terminal): Promise<ExitCode> {
  const { address, data, region = REGION, bucket: buckets = [BUCKET], quirk: quirks } = options
  const kmsKeys = options.kmsKey ?? [{ arn: exampleKey(region), state: 'enabled' }]
  const stray = kmsKeys.find(({ arn }) => regionOfKey(arn) !== region)
  if (stray !== undefined) {
    return usageError(terminal, `${stray.arn} is not a key of the region ${region}.`)
  }
  const dataDir = data ?? (await mkdtemp(join(tmpdir(), 'sealgate-sandbox-')))
  try {
    const running = await startSandbox({
      ...address,
      dataDir,
      region,
      accounts: [ACCOUNT],
      kmsKeys,
      buckets,
      ...(quirks === undefined ? {} : { quirks }),
    })
    const stopped = stopSignal(() => terminal.exit?.(1))
    terminal.stdout(
      `embedded S3 at ${running.url}, data in ${dataDir}\n` +
        `  access key ${ACCOUNT.accessKeyId}\n  secret     ${ACCOUNT.secretAccessKey}\n` +
        `  region     ${region}, bucket ${buckets.join(', ')}\n` +
        kmsKeys.map(keyLine).join(''),
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

function exampleKey(region: string): string {
  return `arn:aws:kms:${region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`
}

function regionOfKey(arn: string): string | undefined {
  return arn.split(':')[3]
}

function keyLine({ arn, state }: KmsKey): string {
  return `  KMS key    ${arn}${state === 'enabled' ? '' : ` (${state})`}\n`
}
