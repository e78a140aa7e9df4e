import { failure, ok, type Result } from '../base/result.ts'
import { parseQuery, type QueryParameter } from '../s3/query.ts'
import { type StsError, stsRefusal } from './sts-error.ts'

/** A request to STS, parsed. */
type StsRequest = AssumeRole | { readonly kind: 'GetCallerIdentity' }

/** AssumeRoleWithWebIdentity. */
export interface AssumeRole {
  readonly kind: 'AssumeRoleWithWebIdentity'
  /** The last segment of the role's ARN. */
  readonly client: string
  readonly sessionName: string
  /** Undefined: the default. */
  readonly durationSeconds: number | undefined
  readonly token: string
}

const VERSION = '2011-06-15'
const DURATION_SECONDS_MIN = 900

/**
 * Parses the parameters of a request: those of the query and those of the form, each at most once.
 * `durationSecondsMax`: the longest session that may be asked for.
 *
 * Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export function parseStsRequest(
  query: readonly QueryParameter[],
  form: readonly QueryParameter[],
  durationSecondsMax: number,
): Result<StsRequest, StsError> {
  const values = new Map<string, string>()
  for (const { name, value } of [...query, ...form]) {
    if (values.has(name))
      return failure(stsRefusal('request-malformed', 'a parameter is there twice'))
    values.set(name, value)
  }
  const action = values.get('Action')
  if (action === undefined || values.get('Version') !== VERSION) {
    return failure(stsRefusal('action-missing'))
  }
  if (action === 'GetCallerIdentity') return ok({ kind: action })
  if (action !== 'AssumeRoleWithWebIdentity') return failure(stsRefusal('action-unknown'))
  for (const name of values.keys()) {
    // Ignoring them would give more rights than were asked for.
    if (name === 'Policy' || name.startsWith('PolicyArns')) {
      return failure(stsRefusal('session-policy'))
    }
  }
  return parseAssumeRole(values, durationSecondsMax)
}

/** Parses a form's body. Latin1: one character for each byte. */
export function parseStsForm(body: Buffer): Result<readonly QueryParameter[], StsError> {
  const parsed = parseQuery(body.toString('latin1'))
  return parsed.ok ? parsed : failure(stsRefusal('request-malformed', 'the form is not encoded'))
}

function parseAssumeRole(
  values: ReadonlyMap<string, string>,
  durationSecondsMax: number,
): Result<AssumeRole, StsError> {
  const client = clientOf(values.get('RoleArn') ?? '')
  if (client === undefined) {
    return invalid('roleArn', 'be arn:aws:iam::ACCOUNT:role/CLIENT, with the name of a client')
  }
  const sessionName = values.get('RoleSessionName') ?? ''
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    return invalid(
      'roleSessionName',
      String.raw`satisfy regular expression pattern: [\w+=,.@-]{2,64}`,
    )
  }
  if (values.has('ProviderId')) return invalid('providerId', 'be absent: tokens are OpenID Connect')
  const duration = values.get('DurationSeconds')
  const durationSeconds = duration === undefined ? undefined : parseDuration(duration)
  if (duration !== undefined && durationSeconds === undefined) {
    return invalid('durationSeconds', `have a value of at least ${DURATION_SECONDS_MIN}`)
  }
  if ((durationSeconds ?? 0) > durationSecondsMax) {
    const detail = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'
    return failure(stsRefusal('parameter-invalid', detail))
  }
  const token = values.get('WebIdentityToken') ?? ''
  if (token === '') return invalid('webIdentityToken', 'not be null')
  return ok({ kind: 'AssumeRoleWithWebIdentity', client, sessionName, durationSeconds, token })
}

/** Any account and path: they are the client's, and mean nothing here. */
function clientOf(roleArn: string): string | undefined {
  const [prefix, ...path] = roleArn.split('/')
  if (!/^arn:aws[a-z-]{0,20}:iam::\d{12}:role$/.test(prefix ?? '')) return undefined
  const client = path.at(-1) ?? ''
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(client) ? client : undefined
}

function parseDuration(text: string): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined
  const seconds = Number(text)
  return seconds < DURATION_SECONDS_MIN ? undefined : seconds
}

/** The values are not repeated: one may hold a token that is in the wrong place. */
function invalid(name: string, constraint: string): Result<never, StsError> {
  const text = `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must ${constraint}`
  return failure(stsRefusal('parameter-invalid', text))
}
