import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { failure, ok } from '../base/result.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { argumentFault, type ExitCode, type Terminal, usageError } from './command.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** Printed in the documentation; the sandbox is for trying and testing on loopback. */
const ACCOUNT = {
  accessKeyId: 'SGSANDBOX00000000001',
  secretAccessKey: 'sandbox-only-secret-do-not-use-elsewhere',
}

const REGION = 'us-east-1'
const KMS_KEY = `arn:aws:kms:${REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`

/** `sealgate sandbox`: the embedded S3 alone, until SIGTERM or SIGINT. */
export async function sandbox(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const options = parseSandboxArguments(args)
  if (!options.ok) {
    const text = 'sandbox takes --address HOST:PORT and --data DIR'
    return usageError(terminal, `${text}: ${options.error}`)
  }
  const { host, port, data } = options.value
  const dataDir = data ?? (await mkdtemp(join(tmpdir(), 'sealgate-sandbox-')))
  try {
    const running = await startSandbox({
      host,
      port,
      dataDir,
      region: REGION,
      accounts: [ACCOUNT],
      kmsKeys: [{ arn: KMS_KEY, state: 'enabled' }],
      buckets: ['demo'],
    })
    terminal.stdout(
      `embedded S3 at ${running.url}, data in ${dataDir}\n` +
        `  access key ${ACCOUNT.accessKeyId}\n  secret     ${ACCOUNT.secretAccessKey}\n` +
        `  region     ${REGION}, bucket demo\n  KMS key    ${KMS_KEY}\n`,
    )
    await stopSignal(() => terminal.exit?.(1))
    await running.close()
    return 0
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem('--address', error)}\n`)
    return 1
  } finally {
    if (data === undefined) await rm(dataDir, { recursive: true, force: true })
  }
}

function parseSandboxArguments(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { address: { type: 'string' }, data: { type: 'string' } },
    })
    const match = /^(?:\[([0-9a-f:]+)\]|([^:]+)):(\d{1,5})$/i.exec(
      values.address ?? '127.0.0.1:9000',
    )
    const [, literal, name = '', digits] = match ?? []
    const port = Number(digits)
    if (match === null || port > 65_535) return failure(`${values.address} is no address.`)
    return ok({ host: literal ?? name, port, data: values.data })
  } catch (error) {
    return failure(argumentFault(error))
  }
}
