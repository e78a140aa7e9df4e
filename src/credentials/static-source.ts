import type { CredentialSource, Credentials } from './credentials.ts'

/** A source of the credentials in the configuration. */
export function staticSource(credentials: Credentials): CredentialSource {
  return {
    current: () => credentials,
    ready: async () => undefined,
    problem: undefined,
    expiresAt: undefined,
    close: () => undefined,
  }
}
