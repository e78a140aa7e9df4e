import type { Reason } from './reasons.ts'

const ASK_FOR_BUCKET = "ask the gateway's operator to name the bucket among this client's buckets"
const SECRET =
  'use the secret that belongs to this access key; nothing between client and gateway may change headers or the path'
const CLOCK = 'compare the clock of the client'
const NOT_YOURS = "the fault is not this client's: tell the gateway's operator"
const VERSION_4 = 'set the client to signature version 4 and one region'

/** Advice for clients, for reasons that S3's own messages do not explain. */
const ADVICE: Partial<Readonly<Record<Reason, string>>> = {
  'encryption-headers-on-read': 'leave the encryption headers out of GET and HEAD',
  'encryption-headers-misplaced':
    'leave the encryption headers out of everything but the upload; the gateway sets them itself',
  'encryption-headers-on-form': 'a form has its encryption in fields, not in headers',
  'encryption-conflict': 'leave the encryption headers out: the gateway sets them itself',
  'encryption-context-too-long': 'use a key with fewer quotes, backslashes and control characters',
  'public-acl': 'leave ACLs and grants out, or grant to single accounts',
  'storage-class-not-allowed': 'name one of these in x-amz-storage-class',
  'tags-missing': 'tag the object with the upload itself: x-amz-tagging',
  'checksum-missing': "turn checksums on in the client's settings",
  'retention-bypass': 'leave the header out',
  'customer-keys-refused': 'leave the SSE-C headers out: the gateway encrypts with SSE-KMS itself',
  'no-matching-rule':
    "ask the gateway's operator for a rule of the policy that matches this bucket and key",
  'operation-closed': "the gateway's operator can open it by its name in allowOperations",
  'append-closed': 'write the object whole',
  'read-not-under-policy': 'copy the object onto itself through the gateway',
  'encryption-not-confirmed':
    "the object may have been stored: look at it, and tell the gateway's operator, before trying again",
  'bucket-not-allowed': ASK_FOR_BUCKET,
  'copy-source-not-allowed': `the bucket of the copy's source: ${ASK_FOR_BUCKET}`,
  'key-not-allowed': "ask the gateway's operator to add the prefix to this client's prefixes",
  'access-not-allowed': "ask the gateway's operator to add the class to this client's allow",
  anonymous: "sign the request with an access key of the gateway's",
  'unknown-access-key': "use an access key of the gateway's, not one of AWS's",
  'signature-mismatch': SECRET,
  'post-signature-mismatch': SECRET,
  'chunk-signature-mismatch': SECRET,
  'trailer-signature-mismatch': SECRET,
  'headers-not-signed': 'sign every x-amz- header',
  'clock-skew': CLOCK,
  'presigned-not-yet-valid': CLOCK,
  'session-token-invalid':
    'unset AWS_SESSION_TOKEN: this access key has another session token, or none',
  'sigv2-unsupported': VERSION_4,
  'sigv4a-unsupported': VERSION_4,
  'streaming-headers-contradict': 'turn aws-chunked encoding off in the client',
  'host-not-served': "the gateway's operator names its hosts in listen[].hosts",
  'upstream-signature-refused': NOT_YOURS,
  'no-upstream-credentials': NOT_YOURS,
  'audit-stalled': `the gateway cannot write its audit; ${NOT_YOURS}`,
  'upstream-unreachable': `the gateway cannot reach S3; ${NOT_YOURS}`,
  'upstream-tls': `the gateway does not trust the certificate of S3; ${NOT_YOURS}`,
  'upstream-timeout': `the gateway waited for S3; ${NOT_YOURS}`,
  'upstream-busy': 'all connections from the gateway to S3 are in use; try again later',
  'request-rate-exceeded': "this client's limit for requests in a time; send fewer",
  'bandwidth-exceeded': "this client's limit for bytes in a time; send fewer requests at once",
  'too-many-requests': "the gateway's limit for requests at once; send fewer at once",
}

/**
 * The text after the message of an error document: the source is the gateway and not S3, the reason for
 * its operator, and advice for the client. It is in the message because SDKs do not show headers.
 */
export function adviceOn(reason: Reason): string {
  const advice = ADVICE[reason]
  return advice === undefined ? `(Sealgate: ${reason})` : `(Sealgate: ${reason}; ${advice})`
}
