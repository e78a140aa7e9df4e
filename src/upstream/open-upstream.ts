import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { failure, ok, type Result } from '../base/result.ts'
import type { Config, ConfigProblem, UpstreamEndpoint } from '../config/config.ts'
import { CREDENTIAL_SOURCES, type CredentialsConfig } from '../config/schema-credentials.ts'
import type { CredentialSource } from '../credentials/credentials.ts'
import { openCredentials } from '../credentials/open-credentials.ts'
import type { Log } from '../telemetry/log.ts'
import { openCredentialOverrides } from './credential-overrides.ts'
import { Upstream } from './upstream.ts'

/** The address and keys of the embedded S3. */
export interface EmbeddedUpstream {
  readonly endpoint: UpstreamEndpoint
  readonly credentials: CredentialsConfig
}

/** The parts of a configuration that an upstream needs. */
export interface UpstreamSettings extends Pick<Config, 'upstream' | 'clients'> {
  readonly limits: Pick<Config['limits'], 'bodyIdleMs'>
}

/** The options of opening an upstream. */
interface OpenUpstreamOptions {
  readonly config: UpstreamSettings
  /** Set if the configuration has `sandbox:`. */
  readonly embedded: EmbeddedUpstream | undefined
  /** PEM of `upstream.caFile`. */
  readonly ca: string | undefined
  readonly log: Log
  /** The limit of the wait for credentials over the network. Default: 20 s. */
  readonly credentialsWaitMs?: number
}

const CREDENTIALS_WAIT_MS = 20_000
/** Pauses between attempts while the resolver fails temporarily. */
const RESOLVE_PAUSES_MS = [250, 1000, 2000] as const

/**
 * Opens the upstream and checks that it is usable: the host resolves, credentials are available.
 */
export async function openUpstream(
  options: OpenUpstreamOptions,
): Promise<Result<Upstream, ConfigProblem>> {
  const { upstream: config } = options.config
  const endpoint = options.embedded?.endpoint ?? config.endpoint
  if (endpoint.kind === 'sandbox') {
    return failure({ path: 'upstream.endpoint', message: 'the embedded S3 is not running' })
  }
  const unresolved = await resolveProblem(`${endpoint.hostname}${endpoint.isRooted ? '.' : ''}`)
  if (unresolved !== undefined) return failure(unresolved)
  const credentials = await openReadyCredentials(options)
  if (!credentials.ok) return credentials
  const overrides = openCredentialOverrides(options.config, {
    region: config.region,
    log: options.log,
  })
  return ok(
    new Upstream(config, endpoint, credentials.value, options.ca, {
      overrides,
      bodyIdleMs: options.config.limits.bodyIdleMs,
    }),
  )
}

async function resolveProblem(hostname: string): Promise<ConfigProblem | undefined> {
  if (isIP(hostname) !== 0) return undefined
  for (const pauseMs of [...RESOLVE_PAUSES_MS, undefined]) {
    try {
      await lookup(hostname)
      return undefined
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (code !== 'EAI_AGAIN' || pauseMs === undefined) {
        return {
          path: 'upstream.endpoint',
          message: `the host ${hostname} does not resolve (${code}): check its spelling and this machine's DNS`,
        }
      }
      await sleep(pauseMs)
    }
  }
  return undefined
}

async function openReadyCredentials(
  options: OpenUpstreamOptions,
): Promise<Result<CredentialSource, ConfigProblem>> {
  const { log, config } = options
  const wanted = options.embedded?.credentials ?? config.upstream.credentials
  const { isLocal } = CREDENTIAL_SOURCES[wanted.source]
  let giveUp: () => void = () => undefined
  const hopeless = new Promise<false>((resolve) => {
    giveUp = () => resolve(false)
  })
  const source = openCredentials(wanted, {
    region: config.upstream.region,
    log: {
      info: (fields, text) => log.info(fields, text),
      warn: (fields, text) => log.warn(fields, text),
      error: (fields, text) => {
        log.error(fields, text)
        if (isLocal) giveUp()
      },
    },
  })
  const timer = setTimeout(giveUp, options.credentialsWaitMs ?? CREDENTIALS_WAIT_MS)
  const isReady = await Promise.race([source.ready().then(() => true), hopeless])
  clearTimeout(timer)
  if (isReady) return ok(source)
  const problem = source.problem ?? 'the source did not answer in time'
  source.close()
  return failure({
    path: 'upstream.credentials',
    message: `no credentials from source ${wanted.source}: ${problem}`,
  })
}
