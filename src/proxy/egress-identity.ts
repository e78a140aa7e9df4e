import type { Client } from '../config/config.ts'

/**
 * What an egress listener has found out of a request for S3 before the request takes the road: where
 * it goes stands in its target or in the CONNECT before it, and its sender may be known by the proxy's
 * own means.
 */
export interface EgressIdentity {
  /** In origin-form, octets as received. */
  readonly rawTarget: string
  /** The service part of the S3 host that was asked for. */
  readonly hosts: readonly string[]
  /** Regions that the client may have signed for: those of the host. Never empty. */
  readonly regions: readonly string[]
  /** false: the client's signature is dropped unread. */
  readonly verifySignatures: boolean
  /** Who sends it where no signature tells; undefined: only a signature can. */
  readonly unsignedClient: Client | undefined
}
