/** What is known of an object's encryption at one point of a request. */
export interface AuditEncryption {
  /** `aws:kms`, `AES256`, …; `SSE-C` for a customer's key, which itself is never written. */
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
 * One line of the audit: what was asked, what was decided, what became of it. What only a request to S3
 * has, the traffic to other hosts leaves out.
 */
export interface AuditRecord {
  /** `YYYY-MM-DDTHH:mm:ss.sssZ`, when the request head arrived. */
  readonly time: string
  readonly requestId: string
  /** SHA-256, in hex, of the configuration by which the request was judged. */
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
  /** Status that the client got; 0: the socket was cut before a status went out. */
  readonly status: number
  /** `x-amz-request-id` of S3's answer. */
  readonly upstreamRequestId?: string | undefined
  /** Octets of the bodies, as they came and went on the client's side. */
  readonly requestBytes: number
  readonly responseBytes: number
  readonly durationMs: number
  /** The word of `x-sealgate-reason`, or the reason of an exemption; undefined: nothing to explain. */
  readonly reason: string | undefined
  /** Of the object, or the part, that S3 names; without quotes. */
  readonly etag?: string | undefined
  /** Bytes of the object, or the part, that was written or read. */
  readonly objectSize?: number | undefined
  readonly uploadId?: string | undefined
  readonly partNumber?: string | undefined
  readonly copySource?: AuditCopySource | undefined
  /** Of DeleteObjects: how many keys have lines of their own; null: the list could not be read. */
  readonly keyCount?: number | null | undefined
  /** The code of the error that the client got: ours, or S3's. */
  readonly errorCode?: string | undefined
  /** What a refused request presents, cut to 128 characters. */
  readonly accessKeyId?: string | undefined
  /** Of a refused request, cut to 256 characters. */
  readonly userAgent?: string | undefined
  /**
   * Names of query parameters that select nothing and did not go on; cut to 16 names of 64 characters.
   * Undefined: none.
   */
  readonly ignoredParameters?: readonly string[] | undefined
  /** `host:port` that was asked for, of traffic through an egress listener that is not S3's. */
  readonly host?: string | undefined
  /** Of the W3C trace, where there is one. */
  readonly traceId?: string | undefined
}

/** One line for each key of DeleteObjects, behind the line of the request. */
export interface AuditedKey
  extends Pick<AuditRecord, 'time' | 'requestId' | 'configHash' | 'client' | 'bucket'> {
  readonly key: string
  readonly versionId: string | undefined
  /** `unknown`: S3's answer did not come, or could not be read. */
  readonly result: 'deleted' | 'failed' | 'unknown'
  /** S3's code for what failed. */
  readonly errorCode: string | undefined
}

/** `none`: it never came to a decision (not parsed, not authenticated). `observe`: mode observe. */
export type AuditDecision = 'allow' | 'deny' | 'observe' | 'none'
