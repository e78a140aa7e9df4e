/** What requests to S3 are signed with. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** When S3 stops taking them; undefined: never, as far as is known. */
  readonly expiration?: Date | undefined
}

/** Upstream credentials that renew themselves. */
export interface CredentialSource {
  /** Those of now, without waiting; undefined: there are none that are valid. Sign nothing then. */
  current(): Credentials | undefined
  /** Resolves when the first credentials are there; rejects where the source is closed before. */
  ready(): Promise<void>
  /** Why the last attempt failed and what to do, without secrets; undefined: it did not. */
  readonly problem: string | undefined
  /** When the credentials of now expire; undefined: never, or there are none. */
  readonly expiresAt: Date | undefined
  /** Stops renewing. */
  close(): void
}
