import type { KmsKey } from '../sandbox/kms-keys.ts'
import type { Quirks } from '../sandbox/quirks.ts'
import { EXAMPLE_ACCOUNT, startSandbox } from '../sandbox/sandbox.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import type { HostPort } from './option-values.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** The options of `sealgate sandbox`. */
interface SandboxOptions {
  readonly address: HostPort
  /** The folder for objects; undefined: a temporary folder, removed at the end. */
  readonly data?: string | undefined
  readonly bucket?: readonly string[] | undefined
  readonly region?: string | undefined
  /** Undefined: one key in the region. */
  readonly kmsKey?: readonly KmsKey[] | undefined
  readonly quirk?: Quirks | undefined
}

/** `sealgate sandbox`: runs only the embedded S3, until SIGTERM or SIGINT. */
export async function sandbox(options: SandboxOptions, terminal: Terminal): Promise<ExitCode> {
  const { address, data, region = 'us-east-1', bucket: buckets = ['demo'] } = options
  const stray = options.kmsKey?.find(({ arn }) => regionOfKey(arn) !== region)
  if (stray !== undefined) {
    return usageError(terminal, `${stray.arn} is not a key of the region ${region}.`)
  }
  try {
    const running = await startSandbox({
      ...address,
      region,
      buckets,
      ...(data === undefined ? {} : { dataDir: data }),
      ...(options.kmsKey === undefined ? {} : { kmsKeys: options.kmsKey }),
      ...(options.quirk === undefined ? {} : { quirks: options.quirk }),
    })
    const stopped = stopSignal(() => terminal.exit?.(1))
    const { accessKeyId, secretAccessKey } = EXAMPLE_ACCOUNT
    terminal.stdout(
      `embedded S3 at ${running.url}, data in ${running.dataDir}\n` +
        `  access key ${accessKeyId}\n  secret     ${secretAccessKey}\n` +
        `  region     ${region}, bucket ${buckets.join(', ')}\n` +
        running.kmsKeys.map(keyLine).join(''),
    )
    await stopped
    await running.close()
    return 0
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem('--address or --data', error)}\n`)
    return 1
  }
}

function regionOfKey(arn: string): string | undefined {
  return arn.split(':')[3]
}

function keyLine({ arn, state }: KmsKey): string {
  return `  KMS key    ${arn}${state === 'enabled' ? '' : ` (${state})`}\n`
}
