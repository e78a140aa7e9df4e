/** The credentials that sign requests to S3. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** When S3 stops accepting them; undefined if unknown or never. */
  readonly expiration?: Date | undefined
}

/** Upstream credentials that renew themselves. */
export interface CredentialSource {
  /**
   * The current ones, without waiting; undefined if there are no valid ones. The caller then signs
   * nothing.
   */
  current(): Credentials | undefined
  /** Resolves when the first credentials have arrived; rejects if the source is closed before. */
  ready(): Promise<void>
  /** Why the last attempt failed and what to do, without secrets; undefined if it succeeded. */
  readonly problem: string | undefined
  /** When the current credentials expire; undefined if never, or if there are none. */
  readonly expiresAt: Date | undefined
  /** Stops renewing. */
  close(): void
}
