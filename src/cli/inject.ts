import { setTimeout as wait } from 'node:timers/promises'
import { INJECT_USAGE, parseInjectArguments } from '../inject/parse-inject-arguments.ts'
import { startInjectServer } from '../inject/start-inject-server.ts'
import { openLog } from '../telemetry/log.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** `sealgate inject`: the Kubernetes admission webhook that adds the sidecar, until SIGTERM or SIGINT. */
export async function inject(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.stdout(INJECT_USAGE)
    return 0
  }
  const parsed = parseInjectArguments(args)
  if (!parsed.ok) return usageError(terminal, `inject: ${parsed.error}.`)
  const log = openLog({ level: 'info' })
  try {
    const server = await startInjectServer({ ...parsed.value, log })
    const { host = '::' } = parsed.value.address
    log.info({ host, port: server.port }, 'listening')
    await stopSignal()
    log.info('stopping')
    server.drain()
    await wait(parsed.value.drainDelayMs)
    await server.close()
    return 0
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem('--address, --cert or --key', error)}\n`)
    return 2
  }
}
