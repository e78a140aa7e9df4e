/**
 * The HTTP status of every error code of STS that the listener answers.
 *
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html and
 * CommonErrors.html beside it
 */
export const STS_STATUS = {
  AccessDenied: 403,
  ExpiredToken: 403,
  ExpiredTokenException: 400,
  IDPCommunicationError: 400,
  IncompleteSignature: 400,
  InternalFailure: 500,
  InvalidAction: 400,
  InvalidClientTokenId: 403,
  InvalidIdentityToken: 400,
  MalformedPolicyDocument: 400,
  MalformedQueryString: 404,
  MissingAction: 400,
  MissingAuthenticationToken: 403,
  RequestEntityTooLarge: 413,
  RequestExpired: 400,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  ValidationError: 400,
} as const satisfies Readonly<Record<string, number>>

/** An error code of STS. */
type StsErrorCode = keyof typeof STS_STATUS

/**
 * The reasons of the listener's refusals, for its metric and the audit log, each with its code and
 * the text for the client. `{name}` is a placeholder.
 */
const STS_REFUSALS = {
  'token-malformed': ['InvalidIdentityToken', 'The ID Token provided is not a valid JWT: {detail}'],
  'token-algorithm': [
    'InvalidIdentityToken',
    'The ID Token is not signed with the algorithm of its key.',
  ],
  'token-signature': ['InvalidIdentityToken', 'Token signature invalid'],
  'token-key-unknown': [
    'InvalidIdentityToken',
    "Couldn't retrieve verification key from your identity provider: it serves no key with this key ID.",
  ],
  'token-issuer-unknown': [
    'InvalidIdentityToken',
    'No OpenIDConnect provider found for the issuer of the token.',
  ],
  'token-audience': ['InvalidIdentityToken', 'Incorrect token audience'],
  'token-claims': [
    'InvalidIdentityToken',
    'The ID Token lacks a claim, or has one of the wrong type: {detail}',
  ],
  'token-expired': ['ExpiredTokenException', 'Token expired: the current time is after its exp.'],
  'token-not-yet-valid': [
    'InvalidIdentityToken',
    'The ID Token is not yet valid: the current time is before its nbf.',
  ],
  'keys-unavailable': [
    'IDPCommunicationError',
    "Couldn't retrieve verification keys from your identity provider.",
  ],
  'role-not-allowed': ['AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity'],
  'parameter-invalid': ['ValidationError', '{detail}'],
  'session-policy': [
    'MalformedPolicyDocument',
    'Session policies are not supported: remove Policy and PolicyArns.',
  ],
  'action-missing': ['MissingAction', 'The request has no Action, or not the Version 2011-06-15.'],
  'action-unknown': [
    'InvalidAction',
    'Could not find the operation. This endpoint has AssumeRoleWithWebIdentity and GetCallerIdentity.',
  ],
  'request-malformed': ['MalformedQueryString', 'The request is not valid: {detail}'],
  'request-too-large': ['RequestEntityTooLarge', 'The request is too large.'],
  'too-many-requests': ['ServiceUnavailable', 'Reduce the rate of requests.'],
  'audit-stalled': ['ServiceUnavailable', 'The request cannot be recorded.'],
  'internal-error': ['InternalFailure', 'The request could not be handled.'],
  unsigned: ['MissingAuthenticationToken', 'Request is missing Authentication Token'],
  'signature-malformed': ['IncompleteSignature', '{detail}'],
  'signature-mismatch': [
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided.',
  ],
  'signature-expired': [
    'RequestExpired',
    'The time of the request is too far from the current time.',
  ],
  'session-token-invalid': [
    'InvalidClientTokenId',
    'The security token included in the request is invalid.',
  ],
  'session-expired': ['ExpiredToken', 'The security token included in the request is expired'],
} as const satisfies Readonly<Record<string, readonly [StsErrorCode, string]>>

/** Why the listener refuses a request. */
type StsReason = keyof typeof STS_REFUSALS

/** All reasons. */
export const STS_REASONS: readonly string[] = Object.keys(STS_REFUSALS)

/** A refusal in STS's terms. It never contains a token or a secret. */
export interface StsError {
  readonly code: StsErrorCode
  readonly message: string
  readonly reason: StsReason
}

/** Builds the refusal with that reason. `detail` replaces the placeholder. */
export function stsRefusal(reason: StsReason, detail = ''): StsError {
  const [code, text] = STS_REFUSALS[reason]
  return { code, message: text.replace('{detail}', () => detail), reason }
}
