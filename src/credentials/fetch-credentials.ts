import type { CredentialsConfig } from '../config/schema-credentials.ts'
import { fetchContainerCredentials, hasContainerEndpoint } from './container-credentials.ts'
import type { Credentials } from './credentials.ts'

/** The inputs of a fetch. */
interface FetchOptions {
  /** The process's environment; the SDK also reads it directly. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Region of the STS endpoint; undefined: the SDK's default. */
  readonly region: string | undefined
  /** PEM CAs for STS; undefined: the system's. */
  readonly ca: string | undefined
  /** Limit of the wait for one connection or answer. */
  readonly requestTimeoutMs: number
  /** Called with the SDK's warnings. */
  readonly warn: (text: string) => void
}

/**
 * Fetches credentials once, with the AWS SDK's own provider, which is loaded at the first call.
 * Creates a new provider each time: the SDK caches answers, files and failures of the instance
 * metadata service, and would return outdated credentials.
 *
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export async function fetchCredentials(
  config: CredentialsConfig,
  options: FetchOptions,
): Promise<Credentials> {
  if (config.source === 'static') return toCredentials(config)
  if (config.source === 'container') return container(options)
  const provider = await makeProvider(config, options)
  return toCredentials(await provider())
}

type ProvidedCredentials = Credentials & { readonly originalExpiration?: Date }

/**
 * The instance provider extends the expiration of expired credentials; S3 uses the original time.
 */
function toCredentials(provided: ProvidedCredentials): Credentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, originalExpiration } = provided
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration: originalExpiration ?? expiration,
  }
}

type Providers = typeof import('@aws-sdk/credential-providers')
type Provider = () => Promise<ProvidedCredentials>
type Of<S extends CredentialsConfig['source']> = Extract<CredentialsConfig, { source: S }>

async function makeProvider(
  config: Exclude<CredentialsConfig, { source: 'static' | 'container' }>,
  options: FetchOptions,
): Promise<Provider> {
  const providers = await import('@aws-sdk/credential-providers')
  switch (config.source) {
    case 'default':
      return defaultChain(providers, options)
    case 'env':
      return providers.fromEnv()
    case 'file':
      return sharedFiles(providers, config, options)
    case 'web-identity':
      return webIdentity(providers, config, options)
    case 'instance':
      return providers.fromInstanceMetadata(remoteSettings(options))
    case 'assume-role':
      return assumedRole(providers, config, options)
  }
}

/** The SDK's own order, but with our container endpoint client if the environment names one. */
function defaultChain(providers: Providers, options: FetchOptions): Provider {
  const shared = { ...stsSettings(options), ignoreCache: true }
  if (!hasContainerEndpoint(options.env)) {
    return providers.fromNodeProviderChain({ ...remoteSettings(options), ...shared })
  }
  const { AWS_PROFILE: profile } = options.env
  return providers.createCredentialChain(
    ...(profile ? [] : [providers.fromEnv()]),
    providers.fromIni(shared),
    providers.fromTokenFile(shared),
    async () => toIdentity(await container(options)),
  )
}

function sharedFiles(providers: Providers, config: Of<'file'>, options: FetchOptions): Provider {
  return providers.fromIni({
    ...stsSettings(options),
    ignoreCache: true,
    ...(config.profile === undefined ? {} : { profile: config.profile }),
    ...(config.credentialsFile === undefined ? {} : { filepath: config.credentialsFile }),
    ...(config.configFile === undefined ? {} : { configFilepath: config.configFile }),
  })
}

function webIdentity(
  providers: Providers,
  config: Of<'web-identity'>,
  options: FetchOptions,
): Provider {
  return providers.fromTokenFile({
    ...stsSettings(options),
    ...(config.roleArn === undefined ? {} : { roleArn: config.roleArn }),
    ...(config.tokenFile === undefined ? {} : { webIdentityTokenFile: config.tokenFile }),
    ...(config.sessionName === undefined ? {} : { roleSessionName: config.sessionName }),
  })
}

function assumedRole(
  providers: Providers,
  config: Of<'assume-role'>,
  options: FetchOptions,
): Provider {
  return providers.fromTemporaryCredentials({
    ...stsSettings(options),
    masterCredentials: async () => toIdentity(await fetchCredentials(config.from, options)),
    params: {
      RoleArn: config.roleArn,
      RoleSessionName: config.sessionName,
      DurationSeconds: config.durationSeconds,
      ...(config.externalId === undefined ? {} : { ExternalId: config.externalId }),
    },
  })
}

function container(options: FetchOptions): Promise<Credentials> {
  return fetchContainerCredentials(options.env, options.requestTimeoutMs)
}

/** Converts to the SDK's type: absent instead of undefined. */
function toIdentity({ accessKeyId, secretAccessKey, sessionToken, expiration }: Credentials) {
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    ...(expiration === undefined ? {} : { expiration }),
  }
}

function remoteSettings(options: FetchOptions) {
  return {
    timeout: options.requestTimeoutMs,
    // The caller counts and paces attempts.
    maxRetries: 0,
    ec2MetadataV1Disabled: true,
    logger: sdkLogger(options),
  }
}

function stsSettings(options: FetchOptions) {
  const { region, ca, requestTimeoutMs } = options
  return {
    logger: sdkLogger(options),
    clientConfig: {
      ...(region === undefined ? {} : { region }),
      maxAttempts: 1,
      requestHandler: {
        connectionTimeout: requestTimeoutMs,
        requestTimeout: requestTimeoutMs,
        throwOnRequestTimeout: true,
        httpsAgent: { keepAlive: false, maxSockets: 4, ...(ca === undefined ? {} : { ca }) },
      },
    },
  }
}

/** Without a logger the SDK writes its warnings to the console. */
function sdkLogger({ warn }: FetchOptions) {
  const silent = (): void => undefined
  const say = (...words: unknown[]): void => warn(words.map(String).join(' ').slice(0, 500))
  return { trace: silent, debug: silent, info: silent, warn: say, error: say }
}
