import { readFile } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { formatConfigError } from '../config/problems.ts'
import { openCredentials } from '../credentials/open-credentials.ts'
import { Service, type ServiceAddresses } from '../proxy/service.ts'
import { Upstream } from '../proxy/upstream.ts'
import { AuditLog } from '../telemetry/audit-log.ts'
import { type Log, openLog } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { configArgument } from './check.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { type EmbeddedS3, startEmbeddedS3 } from './embedded-s3.ts'
import { greeting } from './greeting.ts'
import { loadConfiguration } from './load-configuration.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** `sealgate serve`: runs the proxy until SIGTERM or SIGINT, then drains. */
export async function serve(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const file = configArgument(args)
  if (file === undefined) return usageError(terminal, 'serve needs --config FILE.')
  const loaded = await loadConfiguration(file, terminal)
  if (!loaded.ok) {
    terminal.stderr(formatConfigError(loaded.error))
    return 2
  }
  const config = loaded.value
  const log = openLog({ level: config.log.level })
  for (const { path, message } of config.warnings) log.warn({ path }, message)
  let embedded: EmbeddedS3 | undefined
  try {
    if (config.upstream.endpoint.kind === 'sandbox') embedded = await startEmbeddedS3(config)
    const service = await openService(config, embedded, log)
    const addresses = await service.listen()
    announce(config, addresses, embedded, log, terminal)
    await stopSignal()
    log.info('stopping: running requests may end, new connections are refused')
    const inTime = await service.drain()
    log.info(inTime ? 'stopped' : 'stopped: requests were cut at the deadline')
    return 0
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem(file, error)}\n`)
    return 2
  } finally {
    await embedded?.close()
  }
}

async function openService(
  config: Config,
  embedded: EmbeddedS3 | undefined,
  log: Log,
): Promise<Service> {
  const { upstream } = config
  const endpoint = embedded?.endpoint ?? upstream.endpoint
  if (endpoint.kind === 'sandbox') throw new Error('the embedded S3 has not been started')
  const ca = upstream.caFile === undefined ? undefined : await readFile(upstream.caFile, 'utf8')
  const credentials = openCredentials(embedded?.credentials ?? upstream.credentials, {
    region: upstream.region,
  })
  await credentials.ready()
  const metrics = new Metrics({ ...config.metrics, withDefaults: true })
  const audit = await AuditLog.open({
    destination: config.audit.destination,
    onState: (state) => log.error({ state }, 'the audit cannot be written as it should'),
  })
  return new Service(config, new Upstream(upstream, endpoint, credentials, ca), {
    metrics,
    audit,
    log,
  })
}

function announce(
  config: Config,
  addresses: ServiceAddresses,
  embedded: EmbeddedS3 | undefined,
  log: Log,
  terminal: Terminal,
): void {
  log.info({ ...addresses, mode: config.policy.mode }, 'listening')
  if (embedded !== undefined) terminal.stderr(greeting(config, addresses))
}
