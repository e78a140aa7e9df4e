import type { ErrorCode, S3Error } from './error.ts'
import type { Reason } from './reasons.ts'

/** The answer of a refusal. `{name}` in a text is a placeholder for a value. */
interface Answer {
  readonly code: ErrorCode
  readonly message: string
  /** Further XML elements, in order. */
  readonly elements?: readonly (readonly [name: string, value: string])[]
  /** Who is at fault; default: `downstream`. */
  readonly source?: S3Error['source']
}

/** Reasons whose code depends on the place of the credential: sigv4/scope.ts builds them. */
export type CredentialReason = Extract<Reason, `scope-${string}` | 'credential-malformed'>

/** `egress-request` is only used to record a request to another host. */
type PlainReason = Exclude<Reason, CredentialReason | 'egress-request'>

const ACCESS_DENIED = 'Access Denied'
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
const MECHANISM =
  'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.'
const NOT_FOR_OPERATION = '{name} header is not supported for this operation.'
const NOT_A_FORM = 'Bucket POST must be of the enclosure-type multipart/form-data'
const PRECONDITION = 'At least one of the pre-conditions you specified did not hold'
const NOT_IMPLEMENTED = 'A header you provided implies functionality that is not implemented'
const NOT_WHOLE =
  'You did not provide the number of bytes specified by the Content-Length HTTP header'
const BAD_FORM = 'The body of your POST request is not well-formed multipart/form-data.'
const BAD_XML =
  'The XML you provided was not well-formed or did not validate against our published schema'
const BAD_BUCKET = 'The specified bucket is not valid.'
const BAD_URI = "Couldn't parse the specified URI."
const BAD_METHOD = 'The specified method is not allowed against this resource.'
const BAD_PAYLOAD = 'The value of x-amz-content-sha256 header is invalid.'
const LONG_HEAD = 'Your request header section exceeds the maximum allowed size.'
const ALGORITHMS = 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"'
const DATE_FORMAT = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
const SLOW_DOWN = 'Please reduce your request rate.'
const UNAVAILABLE = 'Service is unable to handle request.'

/**
 * The answer of every reason: a missing reason does not compile. The part after a `/` distinguishes
 * answers of one reason; the answer itself only has the reason. S3's texts are unchanged.
 */
const ANSWERS = {
  // The encryption policy.
  'encryption-headers-on-read': {
    // S3 itself answers InvalidArgument; its documentation says "HTTP 400 BadRequest", which we follow.
    // Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
    code: 'BadRequest',
    message: NOT_FOR_OPERATION,
    elements: [['ArgumentName', '{name}']],
  },
  'encryption-headers-misplaced': {
    code: 'InvalidArgument',
    message: NOT_FOR_OPERATION,
    elements: [['ArgumentName', '{name}']],
  },
  'encryption-headers-on-form': {
    code: 'InvalidRequest',
    message: 'Conflicting values provided in HTTP headers and POST form fields.',
  },
  'encryption-header-unknown': {
    code: 'InvalidArgument',
    message: 'The header {name} is not an encryption header of S3.',
    elements: [['ArgumentName', '{name}']],
  },
  'encryption-conflict': {
    code: 'AccessDenied',
    message:
      'The request asks for other encryption than the rule {rule} requires for the bucket {bucket}: {algorithm} under the key of the rule.',
  },
  'encryption-context-too-long': {
    code: 'InvalidArgument',
    message:
      'The encryption context that the rule {rule} builds from this key has {bytes} bytes; the limit is {max}.',
    elements: [['ArgumentName', 'x-amz-server-side-encryption-context']],
  },
  'customer-keys-refused': {
    code: 'InvalidRequest',
    message:
      'Server Side Encryption with Customer provided keys is refused by the encryption policy.',
  },
  'customer-keys-refused/write': {
    code: 'InvalidRequest',
    message:
      'Server Side Encryption with Customer provided keys is refused by the rule {rule} for the bucket {bucket}: the object could not be read with that key. Send the request without the key.',
  },
  'no-matching-rule': {
    code: 'AccessDenied',
    message:
      'No rule of the encryption policy allows {operation} of this key in the bucket {bucket}.',
  },
  'operation-closed': {
    code: 'AccessDenied',
    message: '{operation} is closed by the encryption policy.',
  },
  'operation-closed/output': {
    code: 'AccessDenied',
    message: '{operation} with an output location is closed by the encryption policy.',
  },
  'operation-closed/guards': {
    code: 'AccessDenied',
    message:
      '{operation} is closed by the guards of the rule {rule}: what it writes cannot be judged.',
  },
  'append-closed': {
    code: 'AccessDenied',
    message:
      'Appending to an object (x-amz-write-offset-bytes) is closed by the encryption policy.',
  },
  'read-not-under-policy': {
    code: 'AccessDenied',
    message:
      'The object does not have the encryption that the policy requires: {algorithm} under the key of the rule.',
  },
  // A status and a code that no SDK retries, because each retry would store the object again.
  // Source: _TRANSIENT_STATUS_CODES in botocore/retries/standard.py and botocore/data/_retry.json;
  // TRANSIENT_ERROR_STATUS_CODES in smithy-typescript's service-error-classification
  'encryption-not-confirmed': {
    code: 'EncryptionNotConfirmed',
    message:
      'S3 did not confirm that the object is encrypted as the policy requires: {algorithm} under the key of the rule.',
    source: 'upstream',
  },

  // The guards of a rule.
  'public-acl': {
    code: 'AccessDenied',
    message: 'The rule {rule} refuses ACLs and grants that give access to everyone.',
  },
  'storage-class-not-allowed': {
    code: 'AccessDenied',
    message: 'The rule {rule} does not allow the storage class {class}; allowed: {allowed}.',
  },
  'storage-class-not-allowed/none': {
    code: 'AccessDenied',
    message:
      'The request names no storage class, which is STANDARD, and the rule {rule} does not allow it; allowed: {allowed}.',
  },
  'tags-missing': {
    code: 'AccessDenied',
    message: 'The rule {rule} requires the tag {key}, with a value.',
  },
  'tags-missing/value': {
    code: 'AccessDenied',
    message: 'The rule {rule} requires the tag {key} with one of these values: {values}.',
  },
  'tags-missing/copy': {
    code: 'AccessDenied',
    message:
      'The rule {rule} requires tags, and the copy would keep those of its source: send x-amz-tagging with x-amz-tagging-directive: REPLACE.',
  },
  'object-too-large': {
    code: 'EntityTooLarge',
    message:
      'Your proposed upload exceeds the maximum allowed size: the rule {rule} allows {max} bytes.',
    elements: [
      ['ProposedSize', '{bytes}'],
      ['MaxSizeAllowed', '{max}'],
    ],
  },
  'object-size-unknown': {
    code: 'ServiceUnavailable',
    message:
      'The rule {rule} limits the size of objects, and S3 did not say how large this one would be.',
    source: 'upstream',
  },
  'checksum-missing': {
    code: 'InvalidRequest',
    message: 'The rule {rule} requires a checksum: x-amz-checksum-… or Content-MD5.',
  },
  'checksum-missing/of': {
    code: 'InvalidRequest',
    message: 'The rule {rule} requires a checksum in x-amz-checksum-…, of: {allowed}.',
  },
  'checksum-missing/algorithm': {
    code: 'InvalidRequest',
    message: 'The rule {rule} requires x-amz-checksum-algorithm with one of: {allowed}.',
  },
  'checksum-missing/lock': {
    code: 'InvalidRequest',
    message:
      'Content-MD5 OR x-amz-checksum- HTTP header is required for requests with Object Lock parameters, which the rule {rule} sets.',
  },
  'checksum-missing/ends-here': {
    code: 'InvalidRequest',
    message:
      'The rule {rule} requires a checksum that S3 gets, and here S3 gets none that follows a body of more than {max} bytes: send it in x-amz-checksum-…, or send smaller parts.',
  },
  'retention-bypass': {
    code: 'AccessDenied',
    message: 'The rule {rule} does not allow x-amz-bypass-governance-retention.',
  },
  'retention-invalid': {
    code: 'InvalidArgument',
    message:
      'x-amz-object-lock-mode and x-amz-object-lock-retain-until-date must both be supplied, and valid.',
    elements: [['ArgumentName', 'x-amz-object-lock-mode']],
  },

  // Permissions.
  'bucket-not-allowed': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: this client may not use the bucket {bucket}.`,
  },
  'bucket-not-allowed/all': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: {operation} requires access to every bucket.`,
  },
  'copy-source-not-allowed': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: this client may not use the bucket {bucket}, the source of the copy.`,
  },
  'copy-source-not-allowed/key': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: this client may not read the source of the copy; its keys are limited to prefixes.`,
  },
  'key-not-allowed': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: this client's keys are limited to prefixes, and this key has none of them.`,
  },
  'key-not-allowed/list': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: this client's keys are limited to prefixes, and the list must name one of them as its prefix.`,
  },
  'key-not-allowed/all': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: {operation} affects every key, and this client's keys are limited to prefixes.`,
  },
  'access-not-allowed': {
    code: 'AccessDenied',
    message: `${ACCESS_DENIED}: this client may not use {operation} like this: it lacks the class {class}.`,
  },
  anonymous: { code: 'AccessDenied', message: ACCESS_DENIED },
  'unknown-access-key': {
    code: 'InvalidAccessKeyId',
    message: 'The AWS Access Key Id you provided does not exist in our records.',
    elements: [['AWSAccessKeyId', '{accessKeyId}']],
  },

  // Signatures. S3 also returns its canonical request and string to sign; they would help an attacker.
  'signature-mismatch': {
    code: 'SignatureDoesNotMatch',
    message: MISMATCH,
    elements: [['AWSAccessKeyId', '{accessKeyId}']],
  },
  'signed-header-absent': {
    code: 'SignatureDoesNotMatch',
    message: MISMATCH,
    elements: [['AWSAccessKeyId', '{accessKeyId}']],
  },
  'post-signature-mismatch': {
    code: 'SignatureDoesNotMatch',
    message: MISMATCH,
    elements: [['AWSAccessKeyId', '{accessKeyId}']],
  },
  'chunk-signature-mismatch': { code: 'SignatureDoesNotMatch', message: MISMATCH },
  'trailer-signature-mismatch': { code: 'SignatureDoesNotMatch', message: MISMATCH },
  'headers-not-signed': {
    code: 'AccessDenied',
    message: 'There were headers present in the request which were not signed',
    elements: [['HeadersNotSigned', '{names}']],
  },
  'unsigned-query-parameter': {
    code: 'InvalidRequest',
    message:
      'x-amz- query parameters are only accepted on presigned requests; send them as signed headers.',
    elements: [['ArgumentName', '{name}']],
  },
  'hoisted-copy-source': {
    code: 'AccessDenied',
    message:
      'Access Denied: x-amz-copy-source must be sent as a signed header, not as a query parameter.',
  },
  'hoisted-header-malformed': {
    code: 'InvalidRequest',
    message: 'An x-amz- query parameter does not form a valid HTTP header.',
  },
  'header-query-conflict': {
    code: 'InvalidRequest',
    message: 'Conflicting values provided in HTTP headers and query parameters.',
  },
  'date-missing': {
    code: 'AccessDenied',
    message: 'AWS authentication requires a valid Date or x-amz-date header',
  },
  'clock-skew': {
    code: 'RequestTimeTooSkewed',
    message: 'The difference between the request time and the current time is too large.',
    elements: [
      ['RequestTime', '{requestTime}'],
      ['ServerTime', '{serverTime}'],
      ['MaxAllowedSkewMilliseconds', '{skewMsMax}'],
    ],
  },
  'presigned-expired': {
    code: 'AccessDenied',
    message: 'Request has expired',
    elements: [
      ['X-Amz-Expires', '{expiresSeconds}'],
      ['Expires', '{expires}'],
      ['ServerTime', '{serverTime}'],
    ],
  },
  'presigned-not-yet-valid': { code: 'AccessDenied', message: 'Request is not yet valid' },
  // The answer does not repeat the token.
  'session-token-invalid': {
    code: 'InvalidToken',
    message: 'The provided token is malformed or otherwise invalid.',
  },
  'session-expired': { code: 'ExpiredToken', message: 'The provided token has expired.' },
  'authorization-header-malformed': {
    code: 'AuthorizationHeaderMalformed',
    message:
      'The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.',
  },
  'authorization-header-malformed/space': {
    code: 'InvalidArgument',
    message: "Authorization header is invalid -- one and only one ' ' (space) required.",
    elements: [['ArgumentName', 'Authorization']],
  },
  // S3 repeats the value in ArgumentValue. We omit it, because it may contain a password (Basic, Bearer).
  'authorization-type-unsupported': {
    code: 'InvalidArgument',
    message: 'Unsupported Authorization Type',
    elements: [['ArgumentName', 'Authorization']],
  },
  'signed-headers-malformed': {
    code: 'AuthorizationHeaderMalformed',
    message:
      'The authorization header is malformed; SignedHeaders must be lower-case header names, each once, separated by semicolons.',
  },
  'signed-headers-malformed/presigned': {
    code: 'AuthorizationQueryParametersError',
    message:
      'X-Amz-SignedHeaders must be lower-case header names, each once, separated by semicolons.',
  },
  'two-authentication-mechanisms': {
    code: 'InvalidArgument',
    message:
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
    elements: [['ArgumentName', 'Authorization']],
  },
  'two-authentication-mechanisms/form': {
    code: 'InvalidArgument',
    message: 'Only one auth mechanism allowed; a POST form is authenticated by its fields.',
  },
  'content-sha256-missing': {
    code: 'InvalidRequest',
    message: 'Missing required header for this request: x-amz-content-sha256',
  },
  'presigned-parameters-missing': {
    code: 'AuthorizationQueryParametersError',
    message:
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
  },
  'presigned-parameters-repeated': {
    code: 'AuthorizationQueryParametersError',
    message:
      'Query-string authentication version 4 takes each parameter once; repeated: {lowerCaseName}',
  },
  'presigned-algorithm-unsupported': {
    code: 'AuthorizationQueryParametersError',
    message: ALGORITHMS,
  },
  'presigned-date-malformed': {
    code: 'AuthorizationQueryParametersError',
    message: DATE_FORMAT,
  },
  'expires-malformed': {
    code: 'AuthorizationQueryParametersError',
    message: 'X-Amz-Expires should be a number',
  },
  'expires-out-of-range': {
    code: 'AuthorizationQueryParametersError',
    message:
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
  },
  // S3's nearest text for zero, which would never be valid.
  'expires-out-of-range/negative': {
    code: 'AuthorizationQueryParametersError',
    message: 'X-Amz-Expires must be non-negative',
  },
  'sigv2-unsupported': { code: 'InvalidRequest', message: MECHANISM },
  'sigv4a-unsupported': { code: 'InvalidRequest', message: MECHANISM },
  's3-express-session-unsupported': {
    code: 'InvalidRequest',
    message: 'S3 Express session credentials (x-amz-s3session-token) are not supported.',
  },

  // Forms.
  'post-policy-expired': {
    code: 'AccessDenied',
    message: 'Invalid according to Policy: Policy expired.',
  },
  'post-condition-failed': {
    code: 'AccessDenied',
    message: 'Invalid according to Policy: {detail}',
  },
  'post-extra-fields': {
    code: 'AccessDenied',
    message: 'Invalid according to Policy: Extra input fields: {names}',
  },
  'post-file-too-large': {
    code: 'EntityTooLarge',
    message: 'Your proposed upload exceeds the maximum allowed size',
    elements: [
      ['ProposedSize', '{bytes}'],
      ['MaxSizeAllowed', '{max}'],
    ],
  },
  'post-file-too-small': {
    code: 'EntityTooSmall',
    message: 'Your proposed upload is smaller than the minimum allowed size',
    elements: [
      ['ProposedSize', '{bytes}'],
      ['MinSizeAllowed', '{min}'],
    ],
  },
  // Two spaces, as S3 writes it.
  'post-field-missing': {
    code: 'InvalidArgument',
    message:
      "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.",
    elements: [['ArgumentName', '{name}']],
  },
  'post-field-repeated': {
    code: 'InvalidArgument',
    message: 'Duplicate field: {name}.',
    elements: [['ArgumentName', '{name}']],
  },
  'post-algorithm-unsupported': {
    code: 'InvalidArgument',
    message: ALGORITHMS,
    elements: [['ArgumentName', 'x-amz-algorithm']],
  },
  'post-date-malformed': {
    code: 'InvalidArgument',
    message: DATE_FORMAT,
    elements: [['ArgumentName', 'x-amz-date']],
  },
  'post-policy-malformed': {
    code: 'InvalidPolicyDocument',
    message: 'Invalid Policy: {detail}',
  },
  'form-not-multipart': {
    code: 'PreconditionFailed',
    message: PRECONDITION,
    elements: [['Condition', NOT_A_FORM]],
  },
  'form-not-one-file': {
    code: 'InvalidArgument',
    message: 'POST requires exactly one file upload per request.',
    elements: [
      ['ArgumentName', 'file'],
      ['ArgumentValue', '{files}'],
    ],
  },
  // S3 joins or ignores such fields; our judgement must not differ. The value may be a signature: omit it.
  'form-duplicate-field': {
    code: 'InvalidArgument',
    message: 'POST requires each form field at most once.',
    elements: [['ArgumentName', '{name}']],
  },
  'form-field-after-file': {
    code: 'InvalidArgument',
    message: 'POST requires the file to be the last of the form fields.',
    elements: [['ArgumentName', '{name}']],
  },
  'form-head-too-long': {
    code: 'MaxPostPreDataLengthExceeded',
    // S3's own spelling.
    message: 'Your POST request fields preceeding the upload file was too large.',
    elements: [['MaxPostPreDataLengthBytes', '{max}']],
  },
  'form-boundary-malformed': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-boundary-line': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-boundary-in-value': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-incomplete': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-tail-too-long': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-nested': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-not-utf8': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-part-encoded': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-part-header-malformed': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-disposition-malformed': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-field-name': { code: 'MalformedPOSTRequest', message: BAD_FORM },
  'form-content-type': { code: 'MalformedPOSTRequest', message: BAD_FORM },

  // Bodies.
  'payload-mode-invalid': {
    code: 'InvalidArgument',
    message:
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
    elements: [
      ['ArgumentName', 'x-amz-content-sha256'],
      ['ArgumentValue', '{value}'],
    ],
  },
  'payload-mode-ecdsa': {
    code: 'InvalidRequest',
    message:
      'Chunks signed with AWS4-ECDSA-P256-SHA256 are not supported. Please use AWS4-HMAC-SHA256.',
  },
  'streaming-not-supported': { code: 'InvalidRequest', message: BAD_PAYLOAD },
  'unsigned-streaming-payload': { code: 'InvalidRequest', message: BAD_PAYLOAD },
  'streaming-headers-contradict': {
    code: 'InvalidRequest',
    message:
      'x-amz-decoded-content-length and x-amz-trailer need a streaming value of x-amz-content-sha256.',
  },
  'streaming-headers-contradict/coding': {
    code: 'InvalidArgument',
    message:
      'aws-chunked encoding is not supported when x-amz-content-sha256 UNSIGNED-PAYLOAD is supplied',
    elements: [['ArgumentName', 'Content-Encoding']],
  },
  // Codes and texts as recorded from S3 by OpenStack Swift's test/s3api/test_input_errors.py.
  'body-incomplete': {
    code: 'IncompleteBody',
    message: 'The request body terminated unexpectedly',
  },
  'decoded-length-mismatch': {
    code: 'IncompleteBody',
    message: NOT_WHOLE,
    elements: [
      ['NumberBytesExpected', '{expected}'],
      ['NumberBytesProvided', '{provided}'],
    ],
  },
  // Chunks count from 1, and `Chunk` is the one after the small one, as in S3's answers.
  // Source: answers of S3 quoted in https://github.com/versity/versitygw/issues/1683
  'chunk-too-small': {
    code: 'InvalidChunkSizeError',
    message: 'Only the last chunk is allowed to have a size less than 8192 bytes',
    elements: [
      ['Chunk', '{chunk}'],
      ['BadChunkSize', '{size}'],
    ],
  },
  'trailer-malformed': {
    code: 'MalformedTrailerError',
    message:
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  },
  'trailer-not-supported': {
    code: 'InvalidRequest',
    message: 'The value specified in the x-amz-trailer header is not supported',
  },
  'checksum-mismatch': {
    code: 'BadDigest',
    message: 'The {algorithm} you specified did not match the calculated checksum.',
  },
  'checksum-malformed': {
    code: 'InvalidRequest',
    message: 'Value for {name} trailing header is invalid.',
  },
  'multiple-checksums': {
    code: 'InvalidRequest',
    message: 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
  },
  // XXHash that Sealgate would have to verify: dropping it would claim that it was verified.
  'checksum-not-implemented': {
    code: 'NotImplemented',
    message: NOT_IMPLEMENTED,
    elements: [
      ['Header', 'x-amz-trailer'],
      ['additionalMessage', '{name} cannot be verified by this endpoint'],
    ],
  },
  'body-idle': {
    code: 'RequestTimeout',
    message:
      'Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.',
  },
  'client-gone': { code: 'IncompleteBody', message: NOT_WHOLE },
  'xml-malformed': { code: 'MalformedXML', message: BAD_XML },
  'xml-too-large': { code: 'MalformedXML', message: BAD_XML },
  'missing-content-length': {
    code: 'MissingContentLength',
    message: 'You must provide the Content-Length HTTP header.',
  },
  'content-length': { code: 'InvalidRequest', message: 'Invalid Content-Length.' },
  'unexpected-body': {
    code: 'InvalidRequest',
    message: 'This {method} request has no body here.',
  },
  'body-too-large/list': {
    code: 'EntityTooLarge',
    message: 'The list of objects to delete is too large to be inspected.',
  },
  'body-too-large': { code: 'EntityTooLarge', message: 'The restore request is too large.' },

  // Addresses and operations.
  'host-header': { code: 'InvalidRequest', message: 'Exactly one Host header is required.' },
  'host-invalid': { code: 'InvalidRequest', message: 'The Host header is not valid.' },
  'host-not-served': { code: 'AccessDenied', message: 'The host {hostname} is not served here.' },
  'target-host-mismatch': {
    code: 'InvalidRequest',
    message:
      'A request target in absolute-form must name the scheme of the connection and the host of the Host header.',
  },
  'bucket-name-invalid': {
    code: 'InvalidBucketName',
    message: BAD_BUCKET,
    elements: [['BucketName', '{name}']],
  },
  'bucket-name-reserved': {
    code: 'InvalidBucketName',
    message: BAD_BUCKET,
    elements: [['BucketName', '{name}']],
  },
  'target-form': {
    code: 'InvalidURI',
    message: 'The request target must be a path: absolute-form is not accepted.',
  },
  'target-form/characters': {
    code: 'InvalidURI',
    message: 'The request target has a raw space, control character or #.',
  },
  'target-encoding': { code: 'InvalidURI', message: BAD_URI },
  'query-syntax': { code: 'InvalidURI', message: 'A raw # is not accepted in a query.' },
  'query-syntax/name': { code: 'InvalidURI', message: 'A query parameter has no name.' },
  'query-encoding': {
    code: 'InvalidURI',
    message: 'The query is not percent-encoded UTF-8.',
  },
  'query-too-long': { code: 'InvalidURI', message: 'The query has too many parameters.' },
  'bucket-encoded-slash': { code: 'InvalidURI', message: BAD_URI },
  'key-too-long': {
    code: 'KeyTooLongError',
    message: 'Your key is too long',
    elements: [
      ['Size', '{bytes}'],
      ['MaxSizeAllowed', '{max}'],
    ],
  },
  'key-invalid': { code: 'InvalidArgument', message: 'The key must not contain NUL.' },
  'copy-source-invalid': {
    code: 'InvalidArgument',
    message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    elements: [
      ['ArgumentName', 'x-amz-copy-source'],
      ['ArgumentValue', '{value}'],
    ],
  },
  // 400, because several SDKs retry a 501.
  'unknown-parameter': {
    code: 'InvalidArgument',
    message: 'The query parameter {name} is unknown and could select a sub-resource.',
    elements: [['ArgumentName', '{name}']],
  },
  'unknown-parameter/operation': {
    code: 'InvalidArgument',
    message: '{operation} does not accept {name}.',
    elements: [['ArgumentName', '{name}']],
  },
  'unknown-operation': {
    code: 'MethodNotAllowed',
    message: BAD_METHOD,
    elements: [
      ['Method', '{method}'],
      ['ResourceType', '{resourceType}'],
    ],
  },
  'unknown-operation/form': {
    code: 'PreconditionFailed',
    message: PRECONDITION,
    elements: [['Condition', NOT_A_FORM]],
  },
  'unknown-operation/archive': {
    code: 'NotImplemented',
    message: NOT_IMPLEMENTED,
    elements: [['Header', 'x-amz-meta-snowball-auto-extract']],
  },
  'duplicate-parameter': {
    code: 'InvalidArgument',
    message: 'Duplicate query parameter: {name}.',
    elements: [['ArgumentName', '{name}']],
  },
  'mixed-selectors': {
    code: 'InvalidArgument',
    message: '{one} and {other} cannot be combined in one request.',
    elements: [['ArgumentName', '{other}']],
  },
  'mixed-selectors/header': {
    code: 'InvalidArgument',
    message: '{operation} does not accept the header {name}.',
    elements: [['ArgumentName', '{name}']],
  },
  'partial-selectors': {
    code: 'InvalidArgument',
    message: '{operation} requires {name}.',
    elements: [['ArgumentName', '{name}']],
  },
  'partial-selectors/value': {
    code: 'InvalidArgument',
    message: 'The parameter {name} must have a value.',
    elements: [['ArgumentName', '{name}']],
  },
  'partial-selectors/alone': {
    code: 'InvalidArgument',
    message: 'This operation does not accept {name} without the parameters that belong to it.',
    elements: [['ArgumentName', '{name}']],
  },
  'part-number-invalid': {
    code: 'InvalidArgument',
    message: 'Part number must be an integer between 1 and 10000, inclusive',
    elements: [['ArgumentName', '{name}']],
  },
  'duplicate-header': {
    code: 'InvalidArgument',
    message: 'Duplicate header: {name}.',
    elements: [['ArgumentName', '{name}']],
  },
  'repeated-header': { code: 'InvalidRequest', message: 'Duplicate header: {name}.' },
  's3-control': {
    code: 'AccessDenied',
    message: 'S3 Control and Outposts are not served here.',
  },
  'preflight-headers': {
    code: 'BadRequest',
    message: 'Insufficient information. Origin request header needed.',
  },
  'preflight-headers/method': {
    code: 'BadRequest',
    message: 'Invalid Access-Control-Request-Method: null',
  },

  // HTTP and limits.
  'too-many-requests': { code: 'SlowDown', message: SLOW_DOWN },
  'request-rate-exceeded': { code: 'SlowDown', message: SLOW_DOWN },
  'bandwidth-exceeded': { code: 'SlowDown', message: SLOW_DOWN },
  'audit-stalled': { code: 'SlowDown', message: SLOW_DOWN },
  'malformed-http': {
    code: 'InvalidRequest',
    message: 'The body of the request is not well-formed HTTP/1.1.',
  },
  'malformed-http/transfer-encoding': {
    code: 'InvalidRequest',
    message: 'The only accepted Transfer-Encoding is chunked, and only in HTTP/1.1.',
  },
  'too-many-fields': { code: 'RequestHeaderSectionTooLarge', message: LONG_HEAD },
  'expectation-failed': {
    code: 'ExpectationFailed',
    message: 'The only expectation that can be met is 100-continue.',
  },
  'connect-not-allowed': {
    code: 'MethodNotAllowed',
    message: BAD_METHOD,
    elements: [
      ['Method', 'CONNECT'],
      ['ResourceType', 'SERVICE'],
    ],
  },
  'internal-error': {
    code: 'InternalError',
    message: 'We encountered an internal error. Please try again.',
    source: 'internal',
  },

  // On the way to S3.
  'unsendable-request': {
    code: 'InvalidRequest',
    message: 'The request cannot be sent to S3 over HTTP.',
  },
  'endpoint-invalid': { code: 'InvalidRequest', message: '{detail}' },
  'endpoint-unsupported': {
    code: 'InvalidRequest',
    message:
      '{bucket}: directory buckets, multi-Region access points, Object Lambda and Outposts are not supported.',
  },
  'bucket-region-learnt': { code: 'SlowDown', message: SLOW_DOWN },
  'bucket-redirected': {
    code: 'BadGateway',
    message: 'S3 cannot be reached at the endpoint to which it redirects.',
    source: 'upstream',
  },
  // While a new bucket's name propagates, S3 answers 307 with the bucket's region.
  'bucket-redirected/for-now': { code: 'SlowDown', message: SLOW_DOWN, source: 'upstream' },
  'no-upstream-credentials': {
    code: 'ServiceUnavailable',
    message: UNAVAILABLE,
    source: 'internal',
  },
  'upstream-signature-refused': {
    code: 'ServiceUnavailable',
    message: UNAVAILABLE,
    source: 'upstream',
  },
  'upstream-busy': { code: 'SlowDown', message: SLOW_DOWN, source: 'internal' },
  'early-answer': {
    code: 'BadGateway',
    message: 'S3 answered before it had the whole body.',
    source: 'upstream',
  },
  'upstream-timeout': {
    code: 'GatewayTimeout',
    message: 'S3 did not answer in time.',
    source: 'upstream',
  },
  'upstream-unreachable': { code: 'ServiceUnavailable', message: UNAVAILABLE, source: 'upstream' },
  'upstream-tls': { code: 'ServiceUnavailable', message: UNAVAILABLE, source: 'upstream' },
  'upstream-closed': {
    code: 'BadGateway',
    message: 'S3 closed the connection.',
    source: 'upstream',
  },
  'upstream-error-document/buckets': {
    code: 'BadGateway',
    message: 'S3 answered with a list of buckets that could not be filtered for this client.',
    source: 'upstream',
  },
  'upstream-error-document': {
    code: 'BadGateway',
    message: 'S3 answered with a success and an error at once.',
    source: 'upstream',
  },
  'upstream-lacks-sse-kms': {
    code: 'NotImplemented',
    message: 'The S3 server has no SSE-KMS for this operation, but the policy requires it.',
    source: 'upstream',
  },

  // An egress listener.
  'egress-host-not-allowed': {
    code: 'AccessDenied',
    message: 'This proxy does not allow the host {hostname}.',
  },
  'egress-address-not-allowed': {
    code: 'AccessDenied',
    message: 'This proxy does not allow the address of the host {hostname}.',
  },
  'egress-intercept-off': {
    code: 'AccessDenied',
    message: 'This proxy does not open connections to S3, and does not tunnel them.',
  },
  'egress-tls-handshake': { code: 'AccessDenied', message: 'A TLS handshake for S3 failed.' },
  'egress-s3-form-unsupported': {
    code: 'AccessDenied',
    message: "S3 endpoints of this form ({form}) are not allowed; use the bucket's own endpoint.",
  },
  'egress-host-mismatch': {
    code: 'InvalidRequest',
    message:
      'Exactly one Host header is required, and it must name the host of the request target.',
  },
  'egress-target': {
    code: 'InvalidURI',
    message: 'The request target must be in absolute-form, or host:port for CONNECT.',
  },
  'egress-scheme': { code: 'AccessDenied', message: 'https to this host needs CONNECT.' },
  'egress-upgrade': { code: 'MethodNotAllowed', message: 'This upgrade is not let through.' },
  'egress-proxy-authentication': {
    code: 'AccessDenied',
    message: 'This proxy requires an access key id and a secret access key.',
  },
  'egress-dns': {
    code: 'BadGateway',
    message: 'The host {hostname} cannot be reached.',
    source: 'upstream',
  },
  'egress-connect': {
    code: 'BadGateway',
    message: 'The host {hostname} cannot be reached.',
    source: 'upstream',
  },
  'egress-timeout': {
    code: 'GatewayTimeout',
    message: 'The host {hostname} did not answer in time.',
    source: 'upstream',
  },
  'egress-relay': {
    code: 'BadGateway',
    message: 'The host closed the connection before its answer was complete.',
    source: 'upstream',
  },
} as const satisfies Readonly<Record<PlainReason, Answer>> &
  Readonly<Record<`${PlainReason}/${string}`, Answer>>

type Answers = typeof ANSWERS

/** A reason, and one of its answers. */
type RefusalKey = keyof Answers

/** The `{name}`s of a text. */
type Names<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Names<Rest> : never

type NamesOf<Row extends Answer> =
  | Names<Row['message']>
  | (Row extends { readonly elements: readonly (readonly [string, infer Value])[] }
      ? Names<Value>
      : never)

/** The values of all placeholders of an answer. */
type Values<Key extends RefusalKey> = [NamesOf<Answers[Key]>] extends [never]
  ? []
  : [values: Readonly<Record<NamesOf<Answers[Key]>, string | number>>]

/** The longest value in a message, in UTF-16 code units; S3's longest keys and conditions fit. */
const VALUE_MAX = 1024

/**
 * Returns the refusal or failure for a reason, with the texts of the table. `values` replace the
 * placeholders. Clients send some of the values: in the message, which SDKs print and log, each is
 * cut at {@link VALUE_MAX} and its control characters become U+FFFD. The elements have them whole.
 */
export function refusal<Key extends RefusalKey>(key: Key, ...values: Values<Key>): S3Error
export function refusal(
  key: RefusalKey,
  values: Readonly<Record<string, string | number>> = {},
): S3Error {
  const { code, message, source = 'downstream', elements }: Answer = ANSWERS[key]
  const text = fill(message, values, showValue)
  const error = { code, message: text, reason: reasonOf(key), source }
  if (elements === undefined) return error
  const extras = elements.map(([name, value]) => [name, fill(value, values, String)] as const)
  return { ...error, extras }
}

function showValue(value: string | number | undefined): string {
  const text = String(value)
  const cut = text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX)}…` : text
  // Control characters, bidirectional controls, line separators and lone surrogates.
  return cut.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\ufffd')
}

/** In one pass: placeholders in values are not replaced. */
function fill(
  text: string,
  values: Readonly<Record<string, string | number>>,
  show: (value: string | number | undefined) => string,
): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => show(values[name]))
}

function reasonOf(key: string): Reason {
  const slash = key.indexOf('/')
  const reason = slash === -1 ? key : key.slice(0, slash)
  if (!isReason(reason)) throw new Error(`no answer of ${reason}`)
  return reason
}

function isReason(text: string): text is PlainReason {
  return Object.hasOwn(ANSWERS, text)
}
