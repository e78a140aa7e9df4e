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
 * Every reason for which Sealgate refuses or fails a request: a word that is not here does not compile.
 * The tables of refusals in docs/operations.md are generated from these (`npm run reasons`).
 */

/** Reasons of requests for S3. */
export const S3_REASONS = [
  {
    reasons: ['encryption-headers-on-read'],
    answer: '400 BadRequest',
    meaning:
      'an encryption header or customer key on GET or HEAD, whatever else is wrong with the request (its signature, say): take it out of the client, or `policy.misplacedEncryptionHeaders: strip`, `reads.customerKeys: strip` or `allow`',
  },
  {
    reasons: ['encryption-headers-misplaced'],
    answer: '400 InvalidArgument',
    meaning:
      'an encryption header where S3 does not take it: UploadPart, CompleteMultipartUpload, AbortMultipartUpload, DELETE and all other operations but the uploads. Take it out of the client, or `policy.misplacedEncryptionHeaders: strip`, which takes it off there and on reads.',
  },
  {
    reasons: ['encryption-headers-on-form', 'encryption-header-unknown'],
    answer: '400',
    meaning: 'the header beside a form (its place is a field), or one that S3 does not know',
  },
  {
    reasons: ['encryption-conflict'],
    answer: '403 AccessDenied',
    meaning: 'other encryption asked for, and the rule says `conflict: reject`',
  },
  {
    reasons: ['encryption-context-too-long'],
    answer: '400 InvalidArgument',
    meaning:
      "the key has so many quotes, backslashes or control characters that the rule's context (`{key}`) is over 4096 bytes as a header; use another key, or take `{key}` out",
  },
  {
    reasons: ['customer-keys-refused'],
    answer: '400 InvalidRequest',
    meaning:
      "SSE-C. On an upload: take the key out of the client, or `rules[].customerKeys: override` with `reads.customerKeys: strip` ([configuration.md](configuration.md#customer-keys-sse-c)). For a copy's source or another operation: `reads.customerKeys: allow` or `strip`",
  },
  {
    reasons: ['no-matching-rule'],
    answer: '403 AccessDenied',
    meaning: 'no rule for this bucket, key and client: add one',
  },
  {
    reasons: ['operation-closed', 'append-closed'],
    answer: '403 AccessDenied',
    meaning:
      "would change encryption behind the policy's back; open an operation by its name in `allowOperations`",
  },
  {
    reasons: ['read-not-under-policy'],
    answer: '403 AccessDenied',
    meaning:
      '`reads.unencrypted: deny` and the object is encrypted otherwise: copy it onto itself through Sealgate',
  },
  {
    reasons: ['encryption-not-confirmed'],
    answer:
      '500 InternalError; 200 and an `<Error>` in the document, where a copy or completion took over 10 s',
    meaning:
      "S3 did not confirm the rule's encryption. The object may be there, unencrypted: look at the audit line, then at the key's policy and the server",
  },
  {
    reasons: ['bucket-not-allowed', 'copy-source-not-allowed'],
    answer: '403 AccessDenied',
    meaning: 'the bucket is not among `clients[].buckets`',
  },
  {
    reasons: ['anonymous'],
    answer: '403 AccessDenied',
    meaning: 'no signature, and this listener admits nobody without one',
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
      'another secret, or something changed on its way (a proxy in between that rewrites headers or paths)',
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
      '`x-amz-*` that the signature does not cover, or that the query and the head say differently',
  },
  {
    reasons: ['scope-region-wrong'],
    answer: '400',
    meaning:
      'the client signs for another region than `upstream.region`; the answer says which is expected. A client that cannot be told: name its region in `upstream.acceptRegions`',
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
    meaning: "the Credential is not `KEY/YYYYMMDD/REGION/s3/aws4_request` of the request's own day",
  },
  {
    reasons: ['clock-skew', 'presigned-expired', 'presigned-not-yet-valid', 'date-missing'],
    answer: '403',
    meaning: "the client's clock, or an old URL: check NTP on both sides",
  },
  {
    reasons: ['session-token-invalid'],
    answer: '400 InvalidToken',
    meaning:
      'the client sends a session token that it should not, or another: unset `AWS_SESSION_TOKEN`',
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
    meaning: 'an Authorization that is none of SigV4',
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
    meaning: 'a presigned URL that is not whole, or valid for longer than 7 days',
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
      'a POST form that is not what its policy allows; the answer names the condition or the fields',
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
    meaning: "a field of the form's signature that is not there, twice there, or none of SigV4's",
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
      'not a form, or one without exactly one file, at its end, behind at most 20 KiB of fields',
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
    meaning: 'a body that is not well-formed multipart/form-data, or broke off',
  },
  {
    reasons: [
      'payload-mode-invalid',
      'payload-mode-ecdsa',
      'streaming-not-supported',
      'unsigned-streaming-payload',
    ],
    answer: '400',
    meaning: '`x-amz-content-sha256` has a value that S3 has not, or not for this operation',
  },
  {
    reasons: ['streaming-headers-contradict'],
    answer: '400',
    meaning:
      'the head announces an aws-chunked body (`Content-Encoding: aws-chunked`, `x-amz-decoded-content-length`, `x-amz-trailer`) and `x-amz-content-sha256` says that it is none: the framing would be stored as data. Some frameworks around an SDK do this; turn chunked encoding off in the client',
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
    meaning: 'a body in chunks that is not what its head says; nothing was stored',
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
      'more than one checksum, or the same in a header and a trailer; with `upstream.trailers: terminate` checksums are verified here; XXHash ones cannot be',
  },
  {
    reasons: ['body-idle'],
    answer: '400 RequestTimeout',
    meaning:
      'the client sent nothing for `limits.bodyIdle`, or took longer than `limits.headIdle` for the fields of a form',
  },
  {
    reasons: ['client-gone'],
    answer: '–',
    meaning: 'the client went away; nothing was stored',
  },
  {
    reasons: ['xml-malformed', 'xml-too-large'],
    answer: '400 MalformedXML',
    meaning:
      'the document of a restore, which is looked into, cannot be read, or has over 16 KiB or 1,000 tags',
  },
  {
    reasons: ['missing-content-length', 'content-length', 'unexpected-body', 'body-too-large'],
    answer: '411, 400',
    meaning: 'a body without a length, where there should be none, or too large to be looked into',
  },
  {
    reasons: ['host-header', 'host-invalid', 'host-not-served'],
    answer: '400, 403',
    meaning: 'name the host in `listen[].hosts`',
  },
  {
    reasons: ['target-host-mismatch'],
    answer: '400 InvalidRequest',
    meaning:
      "a request target in absolute-form (`GET http://host/…`) that names another scheme than the connection's, or another host than `Host`",
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
    meaning: 'an address that S3 would not take, or would take in two ways',
  },
  {
    reasons: ['unknown-parameter'],
    answer: '400 InvalidArgument',
    meaning:
      'a query parameter, which the answer names, that could select a sub-resource: a bare name, any unknown name on a write, a known name in other case. Names that begin with `x-` pass ([which do](#query-parameters))',
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
    meaning: 'not one of the 118 operations, or not without doubt',
  },
  {
    reasons: ['too-many-requests'],
    answer: '503 SlowDown',
    meaning:
      '`limits.concurrentRequests`, or that of the client: see `sealgate_inflight_requests`; or more than half of `limits.concurrentRequests` are forms whose fields have not come yet, and this was the oldest',
  },
  {
    reasons: ['audit-stalled'],
    answer: '503 SlowDown',
    meaning:
      'the audit cannot be written, and what cannot be recorded is not done: the log has the cause',
  },
  {
    reasons: ['malformed-http'],
    answer: '400',
    meaning:
      'not HTTP/1.1, a head longer than `limits.headerBytes`, or one that took longer than `limits.headIdle`: no audit line, for there was no request; or a body whose HTTP framing is broken, or with a Transfer-Encoding other than `chunked` or in another version than HTTP/1.1',
  },
  {
    reasons: ['too-many-fields'],
    answer: '400 RequestHeaderSectionTooLarge',
    meaning:
      'a head of 512 fields or more; in the 8 KB that S3 takes there is no room for as many. From Node 24 on mostly `malformed-http`',
  },
  {
    reasons: ['expectation-failed'],
    answer: '417 ExpectationFailed',
    meaning: 'an `Expect` other than `100-continue`',
  },
  {
    reasons: ['connect-not-allowed'],
    answer: '405 MethodNotAllowed',
    meaning: 'CONNECT to a listener that is no proxy: `kind: egress` makes one',
  },
  {
    reasons: ['unsendable-request'],
    answer: '400 InvalidRequest',
    meaning: 'HTTP does not allow what the request holds',
  },
  {
    reasons: ['endpoint-invalid'],
    answer: '4xx',
    meaning: 'no host can be built for this bucket and region: see `upstream.buckets`',
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
      'the name leads to a private, link-local or loopback address: `egress.allowAddresses`, instance metadata never',
  },
  {
    reasons: ['egress-intercept-off', 'egress-tls-handshake'],
    answer: '403, –',
    meaning: '`intercept: false` or no `ca`; or the client does not trust the authority',
  },
  {
    reasons: ['egress-s3-form-unsupported'],
    answer: '403',
    meaning:
      "S3 data in a form to which no policy is applied (access point, website, VPC endpoint, S3 Tables, Vectors, Files, Transfer Family, …): use the bucket's own endpoint; the list is in [deploy-egress.md](deploy-egress.md#2-configuration)",
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
    meaning: "a request that is not one of a proxy's, or S3 in a form that is not served",
  },
  {
    reasons: ['egress-proxy-authentication'],
    answer: '407',
    meaning: 'no `Proxy-Authorization` of a client: its access key id or name, and its secret',
  },
  {
    reasons: ['egress-dns', 'egress-connect', 'egress-relay', 'egress-timeout'],
    answer: '502, 504',
    meaning: 'the other host does not resolve, cannot be connected to, failed or was silent',
  },
] as const satisfies readonly ReasonRow[]

/**
 * Reasons of failures on the way to S3. docs/operations.md tells of them by what went wrong, in "When S3
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
