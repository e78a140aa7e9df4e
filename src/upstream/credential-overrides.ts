import type { Config, CredentialsConfig } from '../config/config.ts'
import type { CredentialSource } from '../credentials/credentials.ts'
import { type CredentialsOptions, openCredentials } from '../credentials/open-credentials.ts'

/** Upstream credentials that are other than the upstream's own: for single buckets, for clients. */
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

  /** How many sources there are. */
  get size(): number {
    return this.#sources.size
  }

  /** The bucket's come before those of the client with this name; undefined: the upstream's own. */
  sourceOf(client: string | undefined, bucket: string | undefined): CredentialSource | undefined {
    if (this.#sources.size === 0) return undefined
    const own = bucket === undefined ? undefined : this.#byBucket.get(bucket)
    return own ?? (client === undefined ? undefined : this.#byClient.get(client))
  }

  /** When the first of them expire; undefined: none will, as far as is known. */
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
 * Opens what `upstream.buckets` and `clients` name, each source once even where several name the
 * same. Nobody waits for them: until they are there, and when they have expired, their requests are
 * answered 503 ServiceUnavailable.
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
