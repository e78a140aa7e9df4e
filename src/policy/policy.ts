import type { OperationName } from '../s3/operation.ts'
import type { Pattern } from './pattern.ts'

/** What the operator demands; read-only once loaded. */
export interface Policy {
  /** `observe` decides and records, and changes nothing. Authentication holds in both. */
  readonly mode: 'enforce' | 'observe'
  /** First match wins; an upload that no rule matches is refused. */
  readonly rules: readonly Rule[]
  /**
   * The four encryption headers, or hoisted parameters, on every operation that does not take them:
   * 400, or taken off. On reads the error is BadRequest, elsewhere what S3 says itself.
   */
  readonly misplacedEncryptionHeaders: 'reject' | 'strip'
  readonly reads: ReadPolicy
  /** What follows an upload that S3 did not confirm as the rule wants it. */
  readonly confirmation: 'fail' | 'report'
  /** Operations that are closed by default and that this policy opens, by their API names. */
  readonly allowOperations: ReadonlySet<OperationName>
}

/** One rule: what it matches and what it obliges to. */
export interface Rule {
  readonly name: string
  readonly match: {
    readonly buckets: readonly Pattern[]
    readonly keys: readonly Pattern[]
    readonly clients: readonly Pattern[]
  }
  readonly effect: EncryptEffect | ExemptEffect
}

/** The matched upload is encrypted like this. */
export interface EncryptEffect {
  readonly kind: 'encrypt'
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
  /** Full key ARN for AWS; any string for other S3 servers. */
  readonly keyId: string
  /** Whether the same multi-Region key under another Region counts as this key. */
  readonly replicas: 'accept' | 'reject'
  /** `x-amz-server-side-encryption-bucket-key-enabled`; undefined: not sent, the bucket's own setting applies. */
  readonly bucketKey: boolean | undefined
  /** Encryption context; values may hold the templates `{client}`, `{bucket}`, `{key}`. */
  readonly context: Readonly<Record<string, string>> | undefined
  /** A client that asks for other encryption is overridden or refused. */
  readonly conflict: 'override' | 'reject'
  /**
   * An upload with a key of the client's own (SSE-C): refused, or stored under ours. The object would
   * then not be read with the client's key, so it is refused unless the operator says otherwise.
   */
  readonly customerKeys: 'reject' | 'override'
}

/** The matched upload is left as the client asks. The reason is audited. */
export interface ExemptEffect {
  readonly kind: 'exempt'
  readonly reason: string
}

/** How reads (GET and HEAD) are treated. */
interface ReadPolicy {
  /** SSE-C headers where they read, copy sources included: refused, passed on, or taken off. */
  readonly customerKeys: 'reject' | 'allow' | 'strip'
  /** Objects that S3 says are not under the policy's encryption: counted, or refused 403. */
  readonly unencrypted: 'report' | 'deny'
}
