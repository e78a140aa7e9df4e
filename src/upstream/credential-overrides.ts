import type { Config } from '../config/config.ts'
import type { CredentialsConfig } from '../config/schema-credentials.ts'
import type { CredentialSource } from '../credentials/credentials.ts'
import { type CredentialsOptions, openCredentials } from '../credentials/open-credentials.ts'

/** Upstream credentials of single buckets and clients, in place of the upstream's own. */
export class CredentialOverrides {
  readonly #byBucket: ReadonlyMap<string, CredentialSource>
  readonly #byClient: ReadonlyMap<string, CredentialSource>
  readonly #sources: ReadonlySet<CredentialSource>

  constructor(
    byBucket: ReadonlyMap<string, CredentialSource>,
    byClient: ReadonlyMap<string, CredentialSource>,
  ) {
    this.#byBucket = byBucket
    this.#byClient = byClient
    this.#sources = new Set([...byBucket.values(), ...byClient.values()])
  }

  /** The number of sources. */
  get size(): number {
    return this.#sources.size
  }

  /**
   * Returns the bucket's source, otherwise that of the client with this name; undefined: the
   * upstream's own.
   */
  sourceOf(client: string | undefined, bucket: string | undefined): CredentialSource | undefined {
    if (this.#sources.size === 0) return undefined
    const own = bucket === undefined ? undefined : this.#byBucket.get(bucket)
    return own ?? (client === undefined ? undefined : this.#byClient.get(client))
  }

  /** When the first of them expires; undefined if none will, as far as is known. */
  get expiresAt(): Date | undefined {
    let first: Date | undefined
    for (const { expiresAt } of this.#sources) {
      if (expiresAt !== undefined && (first === undefined || expiresAt < first)) first = expiresAt
    }
    return first
  }

  /** Stops renewing. */
  close(): void {
    for (const source of this.#sources) source.close()
  }
}

/**
 * Opens the sources that `upstream.buckets` and `clients` name; sources with equal settings are
 * opened once. Startup does not wait for them: before they are ready and after they have expired,
 * their requests are answered with 503 ServiceUnavailable.
 */
export function openCredentialOverrides(
  { upstream, clients }: Pick<Config, 'upstream' | 'clients'>,
  options: CredentialsOptions,
): CredentialOverrides {
  const opened = new Map<string, CredentialSource>()
  const open = (config: CredentialsConfig): CredentialSource => {
    const id = JSON.stringify(config)
    const source = opened.get(id) ?? openCredentials(config, options)
    opened.set(id, source)
    return source
  }
  const byBucket = new Map<string, CredentialSource>()
  for (const [name, { credentials }] of upstream.buckets) {
    if (credentials !== undefined) byBucket.set(name, open(credentials))
  }
  const byClient = new Map<string, CredentialSource>()
  for (const client of clients) {
    if (client.upstream !== undefined) byClient.set(client.name, open(client.upstream))
  }
  return new CredentialOverrides(byBucket, byClient)
}
