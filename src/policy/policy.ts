import type { OperationName } from '../s3/operation.ts'
import type { Guards } from './guards.ts'
import type { Pattern } from './pattern.ts'

/** The operator's policy; read-only once loaded. */
export interface Policy {
  /**
   * `observe` decides and records, but changes nothing. Requests are authenticated in both modes.
   */
  readonly mode: 'enforce' | 'observe'
  /** First match wins; an upload that no rule matches is refused. */
  readonly rules: readonly Rule[]
  /**
   * The four encryption headers, or hoisted parameters, on an operation that does not accept them:
   * refused with 400, or removed. On reads the error is BadRequest, elsewhere S3's own.
   */
  readonly misplacedEncryptionHeaders: 'reject' | 'strip'
  readonly reads: ReadPolicy
  /** What happens to an upload that S3 did not confirm with the rule's encryption. */
  readonly confirmation: 'fail' | 'report'
  /** The API names of operations that are closed by default and that this policy opens. */
  readonly allowOperations: ReadonlySet<OperationName>
}

/** A rule: what it matches, and its effect. */
export interface Rule {
  readonly name: string
  readonly match: {
    readonly buckets: readonly Pattern[]
    readonly keys: readonly Pattern[]
    readonly clients: readonly Pattern[]
  }
  readonly effect: EncryptEffect | ExemptEffect
  /** What it demands besides encryption; also of exempt uploads. */
  readonly guards?: Guards | undefined
}

/** The matched upload is encrypted with these settings. */
export interface EncryptEffect {
  readonly kind: 'encrypt'
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse'
  /** Full key ARN for AWS; any string for other S3 servers. */
  readonly keyId: string
  /** Whether replicas of the same multi-Region key in other Regions are accepted. */
  readonly replicas: 'accept' | 'reject'
  /**
   * `x-amz-server-side-encryption-bucket-key-enabled`; undefined: not sent, the bucket's own
   * setting applies.
   */
  readonly bucketKey: boolean | undefined
  /** Encryption context; values may contain the templates `{client}`, `{bucket}`, `{key}`. */
  readonly context: Readonly<Record<string, string>> | undefined
  /** A client that asks for other encryption is overridden or refused. */
  readonly conflict: 'override' | 'reject'
  /**
   * An upload with the client's own key (SSE-C): refused, or stored with the rule's key. The
   * default is refusal, because the client could not read the object with its key.
   */
  readonly customerKeys: 'reject' | 'override'
}

/** The matched upload is not changed. The reason is recorded in the audit log. */
export interface ExemptEffect {
  readonly kind: 'exempt'
  readonly reason: string
}

/** How reads (GET and HEAD) are handled. */
interface ReadPolicy {
  /** SSE-C headers on reads and copy sources: refused, sent upstream, or removed. */
  readonly customerKeys: 'reject' | 'allow' | 'strip'
  /**
   * Objects that S3 reports with other encryption than the policy's: counted, or refused with 403.
   */
  readonly unencrypted: 'report' | 'deny'
}
