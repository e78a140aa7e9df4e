import type { SessionFacts } from '../s3/session-facts.ts'
import type { READ_ENCRYPTIONS } from './metric-words.ts'

/** An object's encryption at one point of a request. */
export interface AuditEncryption {
  /** `aws:kms`, `AES256`, …; `SSE-C` for a customer's key, which is never written. */
  readonly algorithm: string
  readonly keyId?: string | undefined
  readonly bucketKey?: boolean | undefined
}

/** The object that a copy reads. */
export interface AuditCopySource {
  readonly bucket: string
  readonly key: string
  readonly versionId: string | undefined
}

/**
 * One line of the audit log: the request, the decision, and the result. Traffic to other hosts leaves
 * out the fields of S3 requests.
 */
export interface AuditRecord {
  /** `YYYY-MM-DDTHH:mm:ss.sssZ`, when the request head arrived. */
  readonly time: string
  readonly requestId: string
  /** SHA-256, in hex, of the configuration that judged the request. */
  readonly configHash: string
  /** The client's name in the configuration; undefined: not authenticated. */
  readonly client: string | undefined
  readonly sourceIp: string | undefined
  /** The API name; undefined: not recognised, or no request to S3. */
  readonly operation?: string | undefined
  readonly bucket?: string | undefined
  /** Decoded. */
  readonly key?: string | undefined
  readonly versionId?: string | undefined
  /** The rule that matched. */
  readonly rule?: string | undefined
  readonly decision: AuditDecision
  readonly requestedEncryption?: AuditEncryption | undefined
  readonly appliedEncryption?: AuditEncryption | undefined
  readonly confirmedEncryption?: AuditEncryption | undefined
  /** Status that the client got; 0 if the socket was closed before an answer. */
  readonly status: number
  /** `x-amz-request-id` of S3's answer. */
  readonly upstreamRequestId?: string | undefined
  /** Bytes of the bodies on the client's side. */
  readonly requestBytes: number
  readonly responseBytes: number
  readonly durationMs: number
  /**
   * The value of `x-sealgate-reason`, or the reason of an exemption; undefined if there is none.
   */
  readonly reason: string | undefined
  /** Of the object or part in S3's answer; without quotes. */
  readonly etag?: string | undefined
  /** Bytes of the written or read object or part. */
  readonly objectSize?: number | undefined
  readonly uploadId?: string | undefined
  readonly partNumber?: string | undefined
  readonly copySource?: AuditCopySource | undefined
  /** Of a request that would write an object, or change its key. */
  readonly write?: AuditedWrite | undefined
  /** Of a read object: its encryption, if the policy has a rule for it. */
  readonly read?: AuditedRead | undefined
  /** The guards of the rule that judged the request; in a refusal by a guard, that one. */
  readonly guards?: readonly string[] | undefined
  /** Of DeleteObjects: how many keys have lines of their own; null: the list could not be read. */
  readonly keyCount?: number | null | undefined
  /** The code of the error that the client got: ours, or S3's. */
  readonly errorCode?: string | undefined
  /** The key id that a refused request claims, truncated to 128 characters. */
  readonly accessKeyId?: string | undefined
  /** Of a refused request, truncated to 256 characters. */
  readonly userAgent?: string | undefined
  /**
   * Names of ignored query parameters; at most 16, truncated to 64 characters. Undefined if there
   * are none.
   */
  readonly ignoredParameters?: readonly string[] | undefined
  /** The requested `host:port`, for non-S3 traffic through an egress listener. */
  readonly host?: string | undefined
  /** Of the W3C trace, if there is one. */
  readonly traceId?: string | undefined
  /** Set if the client signed with session keys, or asked for them with a token that was verified. */
  readonly session?: SessionFacts | undefined
}

/** A line for each key of DeleteObjects, after the line of the request. */
export interface AuditedKey
  extends Pick<AuditRecord, 'time' | 'requestId' | 'configHash' | 'client' | 'bucket'> {
  readonly key: string
  readonly versionId: string | undefined
  /** `unknown`: S3's answer did not come, or could not be read. */
  readonly result: 'deleted' | 'failed' | 'unknown'
  /** S3's code for what failed. */
  readonly errorCode: string | undefined
}

/** `none`: no decision was made (not parsed, not authenticated). `observe`: mode observe. */
export type AuditDecision = 'allow' | 'deny' | 'observe' | 'none'

/**
 * What became of a request that would write an object: S3 confirmed the policy's encryption; a rule
 * exempts it; mode observe; S3 named no encryption; S3 named another one (in these five the object
 * is stored, or may be); Sealgate refused it; it failed, or its answer did not come.
 */
export const AUDITED_WRITES = [
  'sealed',
  'exempt',
  'observed',
  'unconfirmed',
  'mismatched',
  'refused',
  'failed',
] as const
export type AuditedWrite = (typeof AUDITED_WRITES)[number]

/** The encryption of a read object, as the metrics name it. */
type AuditedRead = (typeof READ_ENCRYPTIONS)[number]
