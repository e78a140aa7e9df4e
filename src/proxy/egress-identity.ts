import type { HeaderList } from '../base/header-list.ts'
import type { Client } from '../config/config.ts'

/**
 * The facts that an egress listener has found about a request for S3 before it is handled: the
 * destination is in its target or in the CONNECT before it, and the proxy's own authentication may
 * identify its sender.
 */
export interface EgressIdentity {
  /** In origin-form, bytes as received. */
  readonly rawTarget: string
  /** Names in lower case; without the client's signature if nobody verifies it. */
  readonly headers: HeaderList
  /** The S3 host that was requested, without the bucket. */
  readonly hosts: readonly string[]
  /** Regions that the client may have signed for: those of the host. Never empty. */
  readonly regions: readonly string[]
  /** If false, signatures are not verified. */
  readonly verifySignatures: boolean
  /** The sender if no signature identifies it; undefined: a signature is required. */
  readonly unsignedClient: Client | undefined
}
