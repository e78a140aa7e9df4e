import type { CredentialsConfig } from '../config/config.ts'
import type { CredentialSource } from './credentials.ts'
import { staticSource } from './static-source.ts'

/** What a source of credentials needs of the outside. */
export interface CredentialsOptions {
  /** The upstream's region; STS is asked there. */
  readonly region: string
}

/** Opens the source and begins to fetch. */
export function openCredentials(
  config: CredentialsConfig,
  _options: CredentialsOptions,
): CredentialSource {
  switch (config.source) {
    case 'static':
      return staticSource({
        accessKeyId: config.accessKeyId,
        secretAccessKey: config.secretAccessKey,
        sessionToken: config.sessionToken,
      })
    default:
      throw new Error(`credentials from ${config.source} are not there yet`)
  }
}
