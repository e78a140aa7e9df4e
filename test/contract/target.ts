import type { KmsKeys } from '../support/access.ts'
import type { S3Client } from '../support/s3-client.ts'

/** Whom the contract is asked of; `other`: a server of test/upstreams, whose differences are kept there. */
export type TargetKind =
  | 'rgw'
  | 'sandbox'
  | 'other'
  | 'sealgate+rgw'
  | 'sealgate+sandbox'
  | 'sealgate+other'

/** One of them, running. */
export interface Target {
  readonly kind: TargetKind
  /** Whom the cases ask. */
  readonly client: S3Client
  /** The S3 server itself, to set the scene and to see what was stored. */
  readonly upstream: S3Client
  readonly kms: KmsKeys
}
