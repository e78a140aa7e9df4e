import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import type { CredentialReason } from '../s3/refusals.ts'
import { parseScopeDate } from './amz-date.ts'

/** The last part of every credential scope. */
export const SCOPE_TERMINAL = 'aws4_request'

/** The limit of an access key id's length; AWS's have 16 to 128 characters. */
export const ACCESS_KEY_ID_LENGTH_MAX = 128

/** An access key id and its signing key's scope, as the client sent them. */
export interface Credential {
  readonly accessKeyId: string
  /** `YYYYMMDD` after {@link checkScope}. */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly terminal: string
}

/** The place of a credential in the request: the error codes differ. */
type CredentialSource = 'header' | 'presigned' | 'form'

/**
 * Parses a credential `<AKID>/YYYYMMDD/REGION/SERVICE/aws4_request`. Undefined unless it has
 * exactly five parts and an access key id of 1 to 128 visible ASCII characters.
 *
 * Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
export function parseCredential(text: string): Credential | undefined {
  if (text === lastParsed.text) return lastParsed.credential
  const credential = parseParts(text)
  if (credential !== undefined) lastParsed = { text, credential }
  return credential
}

/** The next request nearly always names the same: a client's differ by the day. */
let lastParsed: { readonly text: string; readonly credential: Credential | undefined } = {
  text: '',
  credential: undefined,
}

function parseParts(text: string): Credential | undefined {
  const parts = text.split('/', 6)
  if (parts.length !== 5) return undefined
  const [accessKeyId = '', date = '', region = '', service = '', terminal = ''] = parts
  if (!isAccessKeyId(accessKeyId)) return undefined
  return { accessKeyId, date, region, service, terminal }
}

/** Builds `YYYYMMDD/REGION/SERVICE/aws4_request`, as in a string to sign. */
export function scopeText(date: string, region: string, service: string): string {
  return `${date}/${region}/${service}/${SCOPE_TERMINAL}`
}

/**
 * Checks a credential's scope against the day of the request's time (`YYYYMMDD`), and against this
 * endpoint's region and service. The code is AuthorizationHeaderMalformed,
 * AuthorizationQueryParametersError or, for a form, InvalidArgument (all 400). If the region is
 * wrong, the answer has the right one in `Region`, as S3 does; SDKs rely on it.
 */
export function checkScope(
  credential: Credential,
  source: CredentialSource,
  expected: { readonly date: string; readonly region: string; readonly service: string },
): Result<undefined, S3Error> {
  const { date, region, service, terminal } = credential
  if (parseScopeDate(date) === undefined) {
    const detail = `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`
    return failure(credentialError(source, 'scope-date-malformed', detail))
  }
  if (terminal !== SCOPE_TERMINAL) {
    const detail = `incorrect terminal "${terminal}". This endpoint uses "${SCOPE_TERMINAL}".`
    return failure(credentialError(source, 'scope-terminal-wrong', detail))
  }
  if (service !== expected.service) {
    const detail = `incorrect service "${service}". This endpoint belongs to "${expected.service}".`
    return failure(credentialError(source, 'scope-service-wrong', detail))
  }
  if (region !== expected.region) {
    const detail = `the region '${region}' is wrong; expecting '${expected.region}'`
    const extras = [['Region', expected.region]] as const
    return failure(credentialError(source, 'scope-region-wrong', detail, extras))
  }
  if (date !== expected.date) {
    const detail = `Invalid credential date "${date}". This date is not the same as X-Amz-Date: "${expected.date}".`
    return failure(credentialError(source, 'scope-date-wrong', detail))
  }
  return ok(undefined)
}

/** The refusal of a credential that does not have five valid parts. */
export function malformedCredential(source: CredentialSource): S3Error {
  const detail = `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/${SCOPE_TERMINAL}".`
  return credentialError(source, 'credential-malformed', detail)
}

function credentialError(
  source: CredentialSource,
  reason: CredentialReason,
  detail: string,
  extras: NonNullable<S3Error['extras']> = [],
): S3Error {
  const fault = { reason, source: 'downstream' } as const
  switch (source) {
    case 'header': {
      const message = `The authorization header is malformed; ${detail}`
      return { ...fault, code: 'AuthorizationHeaderMalformed', message, extras }
    }
    case 'presigned': {
      const message = `Error parsing the X-Amz-Credential parameter; ${detail}`
      return { ...fault, code: 'AuthorizationQueryParametersError', message, extras }
    }
    case 'form': {
      const argument = ['ArgumentName', 'x-amz-credential'] as const
      return { ...fault, code: 'InvalidArgument', message: detail, extras: [argument, ...extras] }
    }
  }
}

function isAccessKeyId(text: string): boolean {
  if (text.length === 0 || text.length > ACCESS_KEY_ID_LENGTH_MAX) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}
