import { setMaxListeners } from 'node:events'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { failure, ok, type Result } from '../base/result.ts'
import type { Config } from '../config/config.ts'
import { formatConfigError } from '../config/problems.ts'
import { matchesAny } from '../policy/pattern.ts'
import type { InspectionContext } from '../sweep/inspect-bucket.ts'
import type { S3Link } from '../sweep/s3-request.ts'
import { openLog } from '../telemetry/log.ts'
import { openUpstream } from '../upstream/open-upstream.ts'
import type { ExitCode, Terminal } from './command.ts'
import { loadConfiguration } from './load-configuration.ts'
import { abortOnSignal } from './stop-signal.ts'

/** A way to S3 that a signal ends. */
interface SweepLink extends S3Link {
  close(): Promise<void>
}

/** Loads the configuration of a sweep; says what is wrong with it, and fails with the exit code. */
export async function loadSweepConfig(
  file: string,
  terminal: Terminal,
): Promise<Result<Config, ExitCode>> {
  const loaded = await loadConfiguration(file, terminal)
  if (loaded.ok) return loaded
  terminal.stderr(formatConfigError(loaded.error))
  return failure(2)
}

/** The configuration's path for the state, so that a run finds it from any folder. */
export function configPath(file: string): string {
  return resolve(file)
}

/** Checks that this client may write to the buckets, as an upload would be checked. */
export function checkClient(
  config: Config,
  as: string | undefined,
  buckets: readonly string[],
): string | undefined {
  if (as === undefined) return undefined
  const client = config.clients.find(({ name }) => name === as)
  if (client === undefined) return `--as: no client '${as}' in the configuration`
  const other = buckets.find((bucket) => !matchesAny(client.buckets, bucket))
  return other === undefined ? undefined : `--as: the client '${as}' may not use ${other}`
}

/** Where the configuration's S3 is, as a plan names it. */
export function endpointOf({ upstream: { endpoint } }: Config): string {
  return endpoint.kind === 'sandbox'
    ? 'sandbox'
    : `${endpoint.protocol}//${endpoint.hostname}:${endpoint.port}`
}

/** What a preflight compares buckets with. */
export function inspectionContext({ policy, upstream: { isAws } }: Config): InspectionContext {
  return { policy, isAws }
}

/**
 * Opens the way to S3. The first SIGINT or SIGTERM aborts it, the second ends the process. Fails with
 * words for people.
 */
export async function openSweepLink(
  config: Config,
  terminal: Terminal,
): Promise<Result<SweepLink, string>> {
  const { caFile } = config.upstream
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
  const log = openLog({ level: 'error' })
  const opened = await openUpstream({ config, embedded: undefined, ca, log })
  if (!opened.ok) return failure(`${opened.error.path}: ${opened.error.message}`)
  const stop = abortOnSignal(() => terminal.exit?.(1))
  // One listener for each request that runs.
  setMaxListeners(0, stop.signal)
  const upstream = opened.value
  return ok({
    upstream,
    signal: stop.signal,
    isPayer: false,
    close: async () => {
      stop.release()
      await upstream.close()
    },
  })
}
