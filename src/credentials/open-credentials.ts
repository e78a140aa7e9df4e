import type { CredentialsConfig } from '../config/config.ts'
import { isRegionName } from '../s3/region.ts'
import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import type { CredentialSource } from './credentials.ts'
import { describeFailure } from './describe-failure.ts'
import { fetchCredentials } from './fetch-credentials.ts'
import { type CredentialsLog, RenewingSource } from './renewing-source.ts'
import { staticSource } from './static-source.ts'

/** What a source of credentials needs of the outside; only the region is a must. */
export interface CredentialsOptions {
  /** The upstream's region; STS is asked there, where it is one of AWS's. */
  readonly region: string
  readonly log?: CredentialsLog
  /** The environment; left out: the process's. The SDK reads that one in any case. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** PEM authorities for STS; left out: the system's. */
  readonly ca?: string
  readonly clock?: Clock
  /** From 0 to 1, for the jitter. */
  readonly random?: () => number
  /** Longest wait for one connection or answer. Default: 3 s. */
  readonly requestTimeoutMs?: number
  /** Longest attempt, which may take several requests. Default: 15 s. */
  readonly timeoutMs?: number
}

const REQUEST_TIMEOUT_MS = 3000
const TIMEOUT_MS = 15_000

/**
 * Opens a source of upstream credentials and begins to fetch. It gives none until `ready`, renews
 * them ahead of their expiry, and has to be closed.
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
    // biome-ignore lint/style/noProcessEnv: the SDK takes its settings from here, and so must we
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
