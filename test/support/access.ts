import type { Keys } from './signer.ts'
import type { Address } from './wire.ts'

/** How one client is pointed at one server. */
export interface Access {
  readonly address: Address
  readonly keys: Keys
  readonly region: string
  readonly kms: KmsKeys
  /** The same over TLS, and the authority to trust; undefined: there is no such listener. */
  readonly tls?: { readonly port: number; readonly caFile: string }
}

/** Names of KMS keys at the S3 server. */
export interface KmsKeys {
  /** The policy's key. */
  readonly one: string
  readonly two: string
  /** A key that does not exist there. */
  readonly unknown: string
  /** A key that is disabled, where the server has one. */
  readonly disabled: string | undefined
}
