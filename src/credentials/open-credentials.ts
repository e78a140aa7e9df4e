import type { CredentialsConfig } from '../config/schema-credentials.ts'
import { isRegionName } from '../s3/region.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import type { CredentialSource } from './credentials.ts'
import { describeFailure } from './describe-failure.ts'
import { fetchCredentials } from './fetch-credentials.ts'
import { type CredentialsLog, RenewingSource } from './renewing-source.ts'
import { staticSource } from './static-source.ts'

/** The options of a source; only the region is required. */
export interface CredentialsOptions {
  /** The upstream's region; also the region of STS, if it is an AWS region. */
  readonly region: string
  readonly log?: CredentialsLog
  /** The environment; default: the process's. The SDK always reads the process's. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** PEM CAs for STS; default: the system's. */
  readonly ca?: string
  readonly clock?: Clock
  /** Returns 0 to 1, for the jitter. */
  readonly random?: () => number
  /** Limit of the wait for one connection or answer. Default: 3 s. */
  readonly requestTimeoutMs?: number
  /** Limit of an attempt, which may need several requests. Default: 15 s. */
  readonly timeoutMs?: number
}

const REQUEST_TIMEOUT_MS = 3000
const TIMEOUT_MS = 15_000

/**
 * Opens a source of upstream credentials and starts to fetch. It has none until `ready` resolves,
 * renews them before they expire, and must be closed.
 */
export function openCredentials(
  config: CredentialsConfig,
  options: CredentialsOptions,
): CredentialSource {
  if (config.source === 'static') {
    const { accessKeyId, secretAccessKey, sessionToken } = config
    return staticSource({ accessKeyId, secretAccessKey, sessionToken })
  }
  const fetchOptions = {
    // biome-ignore lint/style/noProcessEnv: the SDK reads its settings here, so we must too
    env: options.env ?? process.env,
    region: isRegionName(options.region) ? options.region : undefined,
    ca: options.ca,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    warn: (text: string) => options.log?.warn({ source: config.source }, text),
  }
  return new RenewingSource({
    fetch: () => fetchCredentials(config, fetchOptions),
    describe: (error) => describeFailure(config.source, error),
    name: config.source,
    clock: options.clock ?? SYSTEM_CLOCK,
    random: options.random ?? Math.random,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    log: options.log,
  })
}
