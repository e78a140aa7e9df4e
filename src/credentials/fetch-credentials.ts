import type { CredentialsConfig } from '../config/config.ts'
import type { Credentials } from './credentials.ts'

/** What a fetch needs of the outside. */
export interface FetchOptions {
  /** Region in which STS is asked; undefined: the SDK's own default. */
  readonly region: string | undefined
  /** PEM authorities for STS; undefined: the system's. */
  readonly ca: string | undefined
  /** Longest wait for one connection or answer. */
  readonly requestTimeoutMs: number
  /** Told what the SDK warns of. */
  readonly warn: (text: string) => void
}

/**
 * Asks a source once, with the AWS SDK's own provider, which is loaded at the first call. A new
 * provider each time: the SDK's memories (of answers, of files, of an instance metadata service that
 * once failed) would answer with yesterday's credentials.
 *
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export async function fetchCredentials(
  config: CredentialsConfig,
  options: FetchOptions,
): Promise<Credentials> {
  if (config.source === 'static') return toCredentials(config)
  const provider = await makeProvider(config, options)
  return toCredentials(await provider())
}

type ProvidedCredentials = Credentials & { readonly originalExpiration?: Date }

/** The instance provider prolongs expired credentials on paper; S3 goes by the true time. */
function toCredentials(provided: ProvidedCredentials): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, originalExpiration } = provided
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration: originalExpiration ?? expiration,
  }
}

async function makeProvider(
  config: Exclude<CredentialsConfig, { source: 'static' }>,
  options: FetchOptions,
): Promise<() => Promise<ProvidedCredentials>> {
  const providers = await import('@aws-sdk/credential-providers')
  const clientConfig = stsClientConfig(options)
  const remote = {
    timeout: options.requestTimeoutMs,
    maxRetries: 0,
    ec2MetadataV1Disabled: true,
    logger: sdkLogger(options),
  }
  switch (config.source) {
    case 'default':
      return providers.fromNodeProviderChain({ ...remote, clientConfig, ignoreCache: true })
    case 'env':
      return providers.fromEnv()
    case 'file':
      return providers.fromIni({
        ignoreCache: true,
        clientConfig,
        logger: remote.logger,
        ...(config.profile === undefined ? {} : { profile: config.profile }),
        ...(config.credentialsFile === undefined ? {} : { filepath: config.credentialsFile }),
        ...(config.configFile === undefined ? {} : { configFilepath: config.configFile }),
      })
    case 'web-identity':
      return providers.fromTokenFile({
        clientConfig,
        logger: remote.logger,
        ...(config.roleArn === undefined ? {} : { roleArn: config.roleArn }),
        ...(config.tokenFile === undefined ? {} : { webIdentityTokenFile: config.tokenFile }),
        ...(config.sessionName === undefined ? {} : { roleSessionName: config.sessionName }),
      })
    case 'container':
      return providers.fromHttp(remote)
    case 'instance':
      return providers.fromInstanceMetadata(remote)
    case 'assume-role':
      return providers.fromTemporaryCredentials({
        masterCredentials: async () => toIdentity(await fetchCredentials(config.from, options)),
        clientConfig,
        logger: remote.logger,
        params: {
          RoleArn: config.roleArn,
          RoleSessionName: config.sessionName,
          DurationSeconds: config.durationSeconds,
          ...(config.externalId === undefined ? {} : { ExternalId: config.externalId }),
        },
      })
  }
}

/** The SDK's shape: absent instead of undefined. */
function toIdentity({ accessKeyId, secretAccessKey, sessionToken }: Credentials) {
  const keys = { accessKeyId, secretAccessKey }
  return sessionToken === undefined ? keys : { ...keys, sessionToken }
}

function stsClientConfig({ region, ca, requestTimeoutMs }: FetchOptions) {
  return {
    ...(region === undefined ? {} : { region }),
    // Attempts are counted and paced by the caller.
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpsAgent: { keepAlive: false, maxSockets: 4, ...(ca === undefined ? {} : { ca }) },
    },
  }
}

/** Without one the SDK writes its warnings to the console. */
function sdkLogger({ warn }: FetchOptions) {
  const silent = (): void => undefined
  const say = (...words: unknown[]): void => warn(words.map(String).join(' ').slice(0, 500))
  return { trace: silent, debug: silent, info: silent, warn: say, error: say }
}
