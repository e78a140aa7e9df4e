import { readFile } from 'node:fs/promises'
import { failure, ok, type Result } from '../base/result.ts'
import { environmentUpstream } from '../config/environment-upstream.ts'
import { formatConfigError } from '../config/problems.ts'
import { isBucketName } from '../s3/bucket-name.ts'
import { openLog } from '../telemetry/log.ts'
import { openUpstream, type UpstreamSettings } from '../upstream/open-upstream.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Terminal } from './command.ts'
import { loadConfiguration } from './load-configuration.ts'
import type { AnchorPlace } from './read-anchor-bucket.ts'

const BODY_IDLE_MS = 30_000

/** A bucket of checkpoints, opened; the caller closes the upstream. */
interface OpenBucket {
  readonly upstream: Upstream
  readonly place: AnchorPlace
}

/** Returns whether `--anchor` names a bucket and no folder. */
export function isBucketPlace(anchor: string): boolean {
  return anchor.startsWith(S3)
}

/**
 * Opens `s3://BUCKET/PREFIX`. `configFile`: the configuration whose `upstream` has the bucket; undefined:
 * AWS's own variables.
 */
export async function openBucketPlace(
  anchor: string,
  configFile: string | undefined,
  terminal: Terminal,
): Promise<Result<OpenBucket, string>> {
  const place = parsePlace(anchor)
  if (place === undefined) return failure(`--anchor: ${anchor} is not s3://BUCKET/PREFIX`)
  const upstream = await openBucket(configFile, terminal)
  return upstream.ok ? ok({ upstream: upstream.value, place }) : upstream
}

const S3 = 's3://'

function parsePlace(anchor: string): AnchorPlace | undefined {
  const [, bucket = '', prefix = ''] = /^([^/]*)(?:\/(.*))?$/.exec(anchor.slice(S3.length)) ?? []
  return isBucketName(bucket) ? { bucket, prefix } : undefined
}

async function openBucket(
  configFile: string | undefined,
  terminal: Terminal,
): Promise<Result<Upstream, string>> {
  const settings = await readSettings(configFile, terminal)
  if (!settings.ok) return settings
  const config = settings.value
  const { caFile } = config.upstream
  const log = openLog({ level: 'error', stream: { write: terminal.stderr } })
  const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8')
  const opened = await openUpstream({ config, embedded: undefined, ca, log })
  if (opened.ok) return opened
  return failure(`--anchor: ${opened.error.path}: ${opened.error.message}`)
}

async function readSettings(
  configFile: string | undefined,
  terminal: Terminal,
): Promise<Result<UpstreamSettings, string>> {
  if (configFile !== undefined) {
    const loaded = await loadConfiguration(configFile, terminal)
    return loaded.ok ? loaded : failure(formatConfigError(loaded.error).trimEnd())
  }
  const upstream = await environmentUpstream(terminal.env)
  if (!upstream.ok) {
    return failure(`--anchor: ${upstream.error}: set it, or give --config FILE with the upstream`)
  }
  return ok({ upstream: upstream.value, clients: [], limits: { bodyIdleMs: BODY_IDLE_MS } })
}
