import cluster from 'node:cluster'
import { getFips } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { ok } from '../base/result.ts'
import type { Config } from '../config/config.ts'
import { configChanges } from '../config/config-changes.ts'
import { configHash } from '../config/config-hash.ts'
import { formatConfigError, formatProblem } from '../config/problems.ts'
import {
  type ConfigSnapshot,
  type SnapshotSource,
  takeSnapshot,
} from '../service/config-snapshot.ts'
import { readSmallFile } from '../service/read-small-file.ts'
import { Reloader } from '../service/reloader.ts'
import { TrailSealing } from '../service/trail-sealing.ts'
import type { ConfigurationEvent } from '../telemetry/configuration-event.ts'
import { type Log, openLog } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import type { ExitCode, Terminal } from './command.ts'
import type { EmbeddedS3 } from './embedded-s3.ts'
import { loadEgress } from './load-egress.ts'
import { ManyProcesses } from './many-processes.ts'
import { OneProcess } from './one-process.ts'
import type { ProcessHost } from './process-host.ts'
import { serveWorker } from './serve-worker.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'
import {
  hasSmallYoungGeneration,
  YOUNG_GENERATION_OPTION,
  youngGenerationAdvice,
} from './young-generation.ts'

/** The wait for leftovers after the end, such as a connection that does not close. */
const LEFTOVERS_MS = 1_000

/**
 * `sealgate serve`: runs the proxy until SIGTERM or SIGINT, then drains; a second signal ends it
 * immediately. SIGHUP reloads the configuration and reopens the audit file.
 */
export async function serve(file: string, terminal: Terminal): Promise<ExitCode> {
  const code = cluster.isWorker ? await serveWorker(terminal) : await serveFile(file, terminal)
  setTimeout(() => terminal.exit?.(code), LEFTOVERS_MS).unref()
  return code
}

async function serveFile(path: string, terminal: Terminal): Promise<ExitCode> {
  const { env, memoryBytes } = terminal
  const source = {
    path,
    readFile: readText,
    readClientFile: readSmallFile,
    listFolder: readdir,
    env,
    memoryBytes,
  }
  const taken = await takeSnapshot(source)
  if (!taken.ok) {
    terminal.stderr(formatConfigError(taken.error))
    return 2
  }
  const snapshot = taken.value
  const { config } = snapshot
  const log = openLog({ level: config.log.level })
  for (const { path: at, file, message } of config.warnings) log.warn({ path: at, file }, message)
  let embedded: EmbeddedS3 | undefined
  try {
    if (config.upstream.endpoint.kind === 'sandbox') {
      embedded = await (await import('./embedded-s3.ts')).startEmbeddedS3(config)
    }
    return await run({ source, snapshot, embedded, log, terminal })
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem(path, error)}\n`)
    return 2
  } finally {
    await embedded?.close()
  }
}

interface Run {
  readonly source: SnapshotSource
  readonly snapshot: ConfigSnapshot
  readonly embedded: EmbeddedS3 | undefined
  readonly log: Log
  readonly terminal: Terminal
}

async function run({ source, snapshot, embedded, log, terminal }: Run): Promise<ExitCode> {
  const { config } = snapshot
  const metrics = new Metrics({
    ...config.metrics,
    withDefaults: true,
    worker: config.workers === 1 ? 0 : undefined,
  })
  let giveUp: () => void = () => undefined
  const hopeless = new Promise<'hopeless'>((resolve) => {
    giveUp = () => resolve('hopeless')
  })
  const shared = { snapshot, embedded: upstreamOf(embedded), log }
  const memoryBytes = Math.min(terminal.memoryBytes || Number.POSITIVE_INFINITY, totalmem())
  const isSmall = hasSmallYoungGeneration({
    memoryBytes,
    execArgv: process.execArgv,
    env: terminal.env,
  })
  if (isSmall && config.workers === 1) log.warn(youngGenerationAdvice(memoryBytes))
  const nodeOptions = isSmall ? [YOUNG_GENERATION_OPTION] : []
  const opened =
    config.workers === 1
      ? ok(new OneProcess({ ...shared, metrics, ...(await loadEgress(config)) }))
      : await ManyProcesses.open({ ...shared, nodeOptions, onHopeless: giveUp }, metrics)
  if (!opened.ok) {
    terminal.stderr(`sealgate: ${formatProblem(source.path, opened.error)}\n`)
    return 2
  }
  const host: ProcessHost = opened.value
  process.on('exit', () => host.quit())
  const stopped = stopSignal(() => {
    host.quit()
    terminal.exit?.(1)
  }).then(() => 'stopped' as const)
  const reloader = new Reloader({
    snapshot,
    source,
    log,
    apply: async (next, keepsUpstream) => {
      const problems = await host.apply(next, keepsUpstream)
      if (problems.length > 0) return problems
      embedded?.learnKeys(next.config)
      host.recordConfiguration(configurationEvent('reload', next.config, reloader.snapshot.config))
      return []
    },
    onResult: (result) => metrics.configReload(result, Date.now()),
  })
  const isStarted = reloadOnSignal(host, reloader)

  const started = await Promise.race([host.start(), stopped])
  if (started === 'stopped') {
    log.info('stopped during startup')
    host.quit()
    return 0
  }
  if (!started.ok) {
    terminal.stderr(`sealgate: ${formatProblem(source.path, started.error)}\n`)
    return 2
  }
  host.recordConfiguration(configurationEvent('start', config))
  const sealing = await TrailSealing.start(shared, metrics)
  if (!sealing.ok) {
    terminal.stderr(`sealgate: ${formatProblem(source.path, sealing.error)}\n`)
    host.quit()
    return 2
  }
  isStarted()
  metrics.configLoaded(Date.now())
  reloader.watch()
  log.info(
    {
      ...started.value,
      mode: config.policy.mode,
      workers: config.workers,
      ...(getFips() === 1 ? { fips: true } : {}),
    },
    'listening',
  )
  if (embedded !== undefined) {
    terminal.stderr((await import('./greeting.ts')).greeting(config, started.value))
  }

  if ((await Promise.race([stopped, hopeless])) === 'hopeless') {
    log.error('no worker can be kept alive: giving up')
    host.quit()
    return 1
  }
  log.info('stopping: running requests may end, new connections are refused')
  await reloader.close()
  const { inTime, lostLines } = await host.drain(() =>
    configurationEvent('stop', reloader.snapshot.config),
  )
  await sealing.value?.stop()
  log.info(inTime ? 'stopped' : 'stopped: requests were cut at the deadline')
  return lostLines === 0 ? 0 : 1
}

/** `replaced`: the configuration before a reload. */
function configurationEvent(
  event: ConfigurationEvent['event'],
  config: Config,
  replaced?: Config,
): ConfigurationEvent {
  return {
    timeMs: Date.now(),
    event,
    configHash: configHash(config),
    version: packageVersion(),
    mode: config.policy.mode,
    replaced:
      replaced === undefined
        ? undefined
        : {
            configHash: configHash(replaced),
            mode: replaced.policy.mode,
            ...configChanges(replaced, config),
          },
  }
}

/**
 * Handles SIGHUP from the call of the returned function on; before that, there is nothing to
 * reload.
 */
function reloadOnSignal(host: ProcessHost, reloader: Reloader): () => void {
  let isStarted = false
  process.on('SIGHUP', () => {
    if (!isStarted) return
    // Both log their errors and never reject.
    void host.reopenAudit()
    void reloader.reload()
  })
  return () => {
    isStarted = true
  }
}

function upstreamOf(embedded: EmbeddedS3 | undefined) {
  if (embedded === undefined) return undefined
  // Plain data, because it is sent to other processes.
  return { endpoint: embedded.endpoint, credentials: embedded.credentials }
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8')
}
