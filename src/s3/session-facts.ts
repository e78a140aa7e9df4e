/** The origin of session keys, for the record. Verified: it was sealed when the keys were issued. */
export interface SessionFacts {
  /** The name of the issuer in the configuration. */
  readonly issuer: string
  /** `sub` of the identity token. */
  readonly subject: string
  /** RoleSessionName, as the client chose it. */
  readonly sessionName: string
  /** The beginning of the SHA-256 of the identity token, 32 lower-case hex digits. */
  readonly tokenId: string
}
