/** Reasons that share an answer and an explanation. */
interface ReasonRow {
  /** The words of `x-sealgate-reason`, `reason` in the audit line and `sealgate_refusals_total`. */
  readonly reasons: readonly string[]
  /** The status and the code of the answer. */
  readonly answer: string
  /** For operators, in Markdown: what it means and what to do. */
  readonly meaning: string
}

/*
 * Every reason for which Sealgate refuses or fails a request: any other word does not compile. The
 * tables of refusals in docs/operations.md are generated from these rows (`npm run reasons`).
 */

/** Reasons of requests for S3. */
export const S3_REASONS = [
  {
    reasons: ['encryption-headers-on-read'],
    answer: '400 BadRequest',
    meaning:
      'an encryption header or customer key on GET or HEAD; answered before any other fault of the request, for example its signature. Remove it from the client, or set `policy.misplacedEncryptionHeaders: strip`, `reads.customerKeys: strip` or `allow`',
  },
  {
    reasons: ['encryption-headers-misplaced'],
    answer: '400 InvalidArgument',
    meaning:
      'an encryption header on an operation that does not accept it: UploadPart, CompleteMultipartUpload, AbortMultipartUpload, DELETE and all others except uploads. Remove it from the client, or set `policy.misplacedEncryptionHeaders: strip`, which removes it there and on reads',
  },
  {
    reasons: ['encryption-headers-on-form', 'encryption-header-unknown'],
    answer: '400',
    meaning:
      'an encryption header in the head of a form (use a form field), or one that S3 does not know',
  },
  {
    reasons: ['encryption-conflict'],
    answer: '403 AccessDenied',
    meaning: 'the client asked for other encryption, and the rule has `conflict: reject`',
  },
  {
    reasons: ['public-acl'],
    answer: '403 AccessDenied',
    meaning:
      "the rule has `guards.publicAcl: refuse`, and the request's ACL, one of its grants or its document gives access to everyone, or cannot be read",
  },
  {
    reasons: ['storage-class-not-allowed'],
    answer: '403 AccessDenied',
    meaning:
      "the storage class, or STANDARD if the request names none, is not among the rule's `guards.storageClasses`",
  },
  {
    reasons: ['tags-missing'],
    answer: '403 AccessDenied',
    meaning:
      "a tag of the rule's `guards.tags` is missing, empty or has another value; of a copy that keeps the tags of its source, it is not known",
  },
  {
    reasons: ['object-too-large'],
    answer: '400 EntityTooLarge',
    meaning: "the object or the part is larger than the rule's `guards.maxBytes`",
  },
  {
    reasons: ['object-size-unknown'],
    answer: '503 ServiceUnavailable',
    meaning:
      "the rule has `guards.maxBytes`, and S3 did not say how large a copy's source or the parts of an upload are: Sealgate's principal needs `s3:GetObject` and `s3:ListMultipartUploadParts`",
  },
  {
    reasons: ['checksum-missing'],
    answer: '400 InvalidRequest',
    meaning:
      "no checksum, or one of another algorithm than the rule's `guards.checksum` lists; or none at all, and the rule has `guards.objectLock`, for which S3 requires one. With `upstream.trailers: terminate` also one that follows a body of more than 16 MiB, because S3 would not get it",
  },
  {
    reasons: ['retention-bypass', 'retention-invalid'],
    answer: '403 AccessDenied, 400 InvalidArgument',
    meaning:
      'the rule has `guards.objectLock`, and the request asks to bypass a retention, or states one that is not valid',
  },
  {
    reasons: ['encryption-context-too-long'],
    answer: '400 InvalidArgument',
    meaning:
      "the rule's context (`{key}`) is over 4096 bytes as a header, because the key has many quotes, backslashes or control characters; use another key, or remove `{key}`",
  },
  {
    reasons: ['customer-keys-refused'],
    answer: '400 InvalidRequest',
    meaning:
      "SSE-C. On an upload: remove the key from the client, or set `rules[].customerKeys: override` with `reads.customerKeys: strip` ([configuration.md](configuration.md#customer-keys-sse-c)). For a copy's source or another operation: set `reads.customerKeys: allow` or `strip`",
  },
  {
    reasons: ['no-matching-rule'],
    answer: '403 AccessDenied',
    meaning: 'no rule matches this bucket, key and client: add one',
  },
  {
    reasons: ['operation-closed', 'append-closed'],
    answer: '403 AccessDenied',
    meaning:
      "the operation could change encryption without the policy's control; open it by name in `allowOperations`",
  },
  {
    reasons: ['read-not-under-policy'],
    answer: '403 AccessDenied',
    meaning:
      '`reads.unencrypted: deny` is set and the object has other encryption: copy it onto itself through Sealgate',
  },
  {
    reasons: ['encryption-not-confirmed'],
    answer:
      '501 EncryptionNotConfirmed; 200 with an `<Error>` in the document if a copy or completion took over 10 s',
    meaning:
      "S3 did not confirm the rule's encryption. The object may be stored unencrypted: check the audit line, then the key's policy and the server",
  },
  {
    reasons: ['bucket-not-allowed', 'copy-source-not-allowed'],
    answer: '403 AccessDenied',
    meaning:
      'the bucket is not among `clients[].buckets`; for a copy, its source is not, or not among `clients[].prefixes`',
  },
  {
    reasons: ['key-not-allowed'],
    answer: '403 AccessDenied',
    meaning:
      'the key, the prefix of a list, or a key of DeleteObjects begins with none of `clients[].prefixes`, or has a segment `.` or `..`; or the operation affects every key of the bucket',
  },
  {
    reasons: ['access-not-allowed'],
    answer: '403 AccessDenied',
    meaning:
      "the operation's class is not among `clients[].allow`: the message names it. `configure` is never there by default; an upload needs it for an ACL that gives access to others",
  },
  {
    reasons: ['anonymous'],
    answer: '403 AccessDenied',
    meaning: 'no signature, and this listener requires one',
  },
  {
    reasons: ['unknown-access-key'],
    answer: '403 InvalidAccessKeyId',
    meaning: 'no client has this key',
  },
  {
    reasons: [
      'signature-mismatch',
      'post-signature-mismatch',
      'chunk-signature-mismatch',
      'trailer-signature-mismatch',
      'signed-header-absent',
    ],
    answer: '403 SignatureDoesNotMatch',
    meaning:
      'a wrong secret, or the request was changed in transit (by a proxy that rewrites headers or paths)',
  },
  {
    reasons: [
      'headers-not-signed',
      'unsigned-query-parameter',
      'hoisted-copy-source',
      'hoisted-header-malformed',
      'header-query-conflict',
    ],
    answer: '403 or 400',
    meaning:
      'an `x-amz-*` header that the signature does not cover, or whose values in query and head differ',
  },
  {
    reasons: ['scope-region-wrong'],
    answer: '400',
    meaning:
      'the client signs for another region than `upstream.region`; the answer names the expected one. If the client cannot be changed, list its region in `upstream.acceptRegions`',
  },
  {
    reasons: [
      'scope-date-wrong',
      'scope-date-malformed',
      'scope-service-wrong',
      'scope-terminal-wrong',
      'credential-malformed',
    ],
    answer: '400',
    meaning:
      'the Credential is not `KEY/YYYYMMDD/REGION/s3/aws4_request` with the date of the request',
  },
  {
    reasons: ['clock-skew', 'presigned-expired', 'presigned-not-yet-valid', 'date-missing'],
    answer: '403',
    meaning: "the client's clock is wrong, or the URL has expired: check NTP on both sides",
  },
  {
    reasons: ['session-token-invalid'],
    answer: '400 InvalidToken',
    meaning:
      'an unexpected or wrong session token: unset `AWS_SESSION_TOKEN`. For session keys: another gateway or a former sealing key issued them, or their client may not be this subject any more',
  },
  {
    reasons: ['session-expired'],
    answer: '400 ExpiredToken',
    meaning:
      'the session keys have expired: SDKs get new ones by themselves, presigned URLs end with them',
  },
  {
    reasons: [
      'authorization-header-malformed',
      'authorization-type-unsupported',
      'signed-headers-malformed',
      'two-authentication-mechanisms',
      'content-sha256-missing',
    ],
    answer: '400',
    meaning: 'the Authorization header is not valid SigV4',
  },
  {
    reasons: [
      'presigned-parameters-missing',
      'presigned-parameters-repeated',
      'presigned-algorithm-unsupported',
      'presigned-date-malformed',
      'expires-malformed',
      'expires-out-of-range',
    ],
    answer: '400',
    meaning: 'a presigned URL with missing or invalid parameters, or valid for longer than 7 days',
  },
  {
    reasons: ['sigv2-unsupported', 'sigv4a-unsupported', 's3-express-session-unsupported'],
    answer: '400 InvalidRequest',
    meaning:
      'set the client to signature version 4 and one region; directory buckets are not served',
  },
  {
    reasons: ['post-policy-expired', 'post-condition-failed', 'post-extra-fields'],
    answer: '403 AccessDenied',
    meaning:
      'a POST form that its policy does not allow; the answer names the condition or the fields',
  },
  {
    reasons: ['post-file-too-large', 'post-file-too-small'],
    answer: '400',
    meaning: "a file outside of the policy's `content-length-range`",
  },
  {
    reasons: [
      'post-field-missing',
      'post-field-repeated',
      'post-algorithm-unsupported',
      'post-date-malformed',
      'post-policy-malformed',
    ],
    answer: '400',
    meaning: 'a signature field of the form is missing, duplicate, or not valid SigV4',
  },
  {
    reasons: [
      'form-not-multipart',
      'form-not-one-file',
      'form-duplicate-field',
      'form-field-after-file',
      'form-head-too-long',
    ],
    answer: '412, 400',
    meaning:
      'not a form, or a form without exactly one file at the end, after at most 20 KiB of fields',
  },
  {
    reasons: [
      'form-boundary-malformed',
      'form-boundary-line',
      'form-boundary-in-value',
      'form-incomplete',
      'form-tail-too-long',
      'form-nested',
      'form-not-utf8',
      'form-part-encoded',
      'form-part-header-malformed',
      'form-disposition-malformed',
      'form-field-name',
      'form-content-type',
    ],
    answer: '400 MalformedPOSTRequest',
    meaning: 'a body that is not well-formed multipart/form-data, or is incomplete',
  },
  {
    reasons: [
      'payload-mode-invalid',
      'payload-mode-ecdsa',
      'streaming-not-supported',
      'unsigned-streaming-payload',
    ],
    answer: '400',
    meaning: 'the value of `x-amz-content-sha256` is unknown, or invalid for this operation',
  },
  {
    reasons: ['streaming-headers-contradict'],
    answer: '400',
    meaning:
      'the head announces an aws-chunked body (`Content-Encoding: aws-chunked`, `x-amz-decoded-content-length`, `x-amz-trailer`), but `x-amz-content-sha256` does not: S3 would store the framing as data. Some frameworks around an SDK do this; turn off chunked encoding in the client',
  },
  {
    reasons: [
      'body-incomplete',
      'decoded-length-mismatch',
      'chunk-too-small',
      'trailer-malformed',
      'trailer-not-supported',
    ],
    answer: '400',
    meaning: 'an aws-chunked body that does not match its head; nothing was stored',
  },
  {
    reasons: [
      'checksum-mismatch',
      'checksum-malformed',
      'multiple-checksums',
      'checksum-not-implemented',
    ],
    answer: '400, 501',
    meaning:
      'more than one checksum, or the same one in a header and a trailer. With `upstream.trailers: terminate` Sealgate verifies checksums: a wrong value, or XXHash, which it cannot compute',
  },
  {
    reasons: ['body-idle'],
    answer: '400 RequestTimeout',
    meaning:
      'the client sent nothing for `limits.bodyIdle`, or took longer than `limits.headIdle` to send the fields of a form',
  },
  {
    reasons: ['client-gone'],
    answer: '–',
    meaning: 'the client disconnected; nothing was stored',
  },
  {
    reasons: ['xml-malformed', 'xml-too-large'],
    answer: '400 MalformedXML',
    meaning:
      'the document of a restore, which Sealgate inspects, cannot be parsed, or has over 16 KiB or 1,000 tags',
  },
  {
    reasons: ['missing-content-length', 'content-length', 'unexpected-body', 'body-too-large'],
    answer: '411, 400',
    meaning:
      'a body without a length, a body where none is allowed, or a body too large to inspect',
  },
  {
    reasons: ['host-header', 'host-invalid', 'host-not-served'],
    answer: '400, 403',
    meaning: 'the Host header is missing, invalid or not served: list the host in `listen[].hosts`',
  },
  {
    reasons: ['target-host-mismatch'],
    answer: '400 InvalidRequest',
    meaning:
      "a request target in absolute-form (`GET http://host/…`) whose scheme differs from the connection's, or whose host differs from `Host`",
  },
  {
    reasons: [
      'bucket-name-invalid',
      'bucket-name-reserved',
      'target-form',
      'target-encoding',
      'query-syntax',
      'query-encoding',
      'query-too-long',
      'bucket-encoded-slash',
      'key-too-long',
      'key-invalid',
      'copy-source-invalid',
    ],
    answer: '400',
    meaning: 'an address that S3 would reject, or that is ambiguous',
  },
  {
    reasons: ['unknown-parameter'],
    answer: '400 InvalidArgument',
    meaning:
      'the query parameter that the answer names could select a sub-resource: a name without a value, any unknown name on a write, a known name in other case. Names that begin with `x-` are ignored ([details](#query-parameters))',
  },
  {
    reasons: [
      'unknown-operation',
      'duplicate-parameter',
      'mixed-selectors',
      'partial-selectors',
      'part-number-invalid',
      'duplicate-header',
      'repeated-header',
      's3-control',
      'preflight-headers',
    ],
    answer: '4xx, 501',
    meaning: 'not an operation that Sealgate knows, or ambiguous',
  },
  {
    reasons: ['too-many-requests'],
    answer: '503 SlowDown',
    meaning:
      "the limit `limits.concurrentRequests`, or the client's own limit, is reached: see `sealgate_inflight_requests`. Or more than half of `limits.concurrentRequests` were forms whose fields had not arrived, and this was the oldest. Or, with `upstream.trailers: terminate`, bodies that wait for their trailing checksums took all of their 64 MiB for 10 seconds",
  },
  {
    reasons: ['request-rate-exceeded', 'bandwidth-exceeded'],
    answer: '503 SlowDown',
    meaning:
      'the client has used `clients[].requests`, or so many of its requests share `clients[].bandwidth` that one more would wait too long ([limits of a client](configuration.md#limits-of-a-client)). SDKs repeat such requests later by themselves',
  },
  {
    reasons: ['audit-stalled'],
    answer: '503 SlowDown',
    meaning:
      'the audit log cannot be written, and Sealgate does not serve requests that it cannot record: the log has the cause',
  },
  {
    reasons: ['malformed-http'],
    answer: '400',
    meaning:
      'not HTTP/1.1, a head longer than `limits.headerBytes`, or a head that took longer than `limits.headIdle` (no audit line, since there was no request); or a body with broken HTTP framing, with a Transfer-Encoding other than `chunked`, or chunked in another version than HTTP/1.1',
  },
  {
    reasons: ['too-many-fields'],
    answer: '400 RequestHeaderSectionTooLarge',
    meaning:
      'a head with 512 fields or more; they do not fit into the 8 KB that S3 accepts. From Node 24 on mostly `malformed-http`',
  },
  {
    reasons: ['expectation-failed'],
    answer: '417 ExpectationFailed',
    meaning: 'an `Expect` header other than `100-continue`',
  },
  {
    reasons: ['connect-not-allowed'],
    answer: '405 MethodNotAllowed',
    meaning: 'CONNECT to a listener that is not a proxy: use `kind: egress`',
  },
  {
    reasons: ['unsendable-request'],
    answer: '400 InvalidRequest',
    meaning: 'the request has something that HTTP does not allow upstream',
  },
  {
    reasons: ['endpoint-invalid'],
    answer: '4xx',
    meaning: 'no S3 host exists for this bucket and region: see `upstream.buckets`',
  },
  {
    reasons: ['upstream-signature-refused'],
    answer: '503 ServiceUnavailable',
    meaning: "S3 refuses Sealgate's own signature: check its credentials, its region and its clock",
  },
  {
    reasons: ['internal-error'],
    answer: '500 InternalError',
    meaning: 'a bug: the log line has its stack; please report it',
  },
] as const satisfies readonly ReasonRow[]

/** Reasons of an egress listener. */
export const EGRESS_REASONS = [
  {
    reasons: ['egress-host-not-allowed'],
    answer: '403',
    meaning: 'not S3 and not in `egress.allowHosts`',
  },
  {
    reasons: ['egress-address-not-allowed'],
    answer: '403',
    meaning:
      'the name resolves to a private, link-local or loopback address: see `egress.allowAddresses`; instance metadata is never allowed',
  },
  {
    reasons: ['egress-intercept-off', 'egress-tls-handshake'],
    answer: '403, –',
    meaning: '`intercept: false` or no `ca`; or the client does not trust the CA',
  },
  {
    reasons: ['egress-s3-form-unsupported'],
    answer: '403',
    meaning:
      "S3 data in a form to which no policy applies (access point, website, VPC endpoint, S3 Tables, Vectors, Files, Transfer Family, …): use the bucket's own endpoint; the list is in [deploy-egress.md](deploy-egress.md#2-configuration)",
  },
  {
    reasons: [
      'egress-host-mismatch',
      'egress-target',
      'egress-scheme',
      'egress-request',
      'egress-upgrade',
    ],
    answer: '4xx',
    meaning: 'a request that is invalid for a proxy, or S3 in a form that is not served',
  },
  {
    reasons: ['egress-proxy-authentication'],
    answer: '407',
    meaning: "no `Proxy-Authorization` with a client's access key id or name, and its secret",
  },
  {
    reasons: ['egress-dns', 'egress-connect', 'egress-relay', 'egress-timeout'],
    answer: '502, 504',
    meaning:
      'the other host does not resolve, does not accept the connection, failed, or timed out',
  },
] as const satisfies readonly ReasonRow[]

/**
 * Reasons of failures between Sealgate and S3. docs/operations.md describes them by cause, in "When S3
 * cannot be reached".
 */
export const UPSTREAM_REASONS = [
  'bucket-redirected',
  'bucket-region-learnt',
  'early-answer',
  'endpoint-unsupported',
  'no-upstream-credentials',
  'upstream-busy',
  'upstream-closed',
  'upstream-error-document',
  'upstream-lacks-sse-kms',
  'upstream-timeout',
  'upstream-tls',
  'upstream-unreachable',
] as const

/** A reason for which Sealgate refuses or fails a request. */
export type Reason =
  | (typeof S3_REASONS)[number]['reasons'][number]
  | (typeof EGRESS_REASONS)[number]['reasons'][number]
  | (typeof UPSTREAM_REASONS)[number]

/** The reasons of the guards of a rule. */
const GUARD_REASONS: readonly Reason[] = [
  'public-acl',
  'storage-class-not-allowed',
  'tags-missing',
  'object-too-large',
  'object-size-unknown',
  'post-file-too-large',
  'checksum-missing',
  'retention-bypass',
  'retention-invalid',
]

/** Returns whether a guard of a rule gives this reason. */
export function isGuardReason(reason: Reason): boolean {
  return GUARD_REASONS.includes(reason)
}
