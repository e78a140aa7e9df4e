import { type FaultCode, S3Fault } from './fault.ts'

/** An account of the sandbox: every account may do everything. */
export interface SandboxAccount {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** `AKID/YYYYMMDD/REGION/s3/aws4_request`, taken apart and checked. */
interface Credential {
  readonly accessKeyId: string
  /** `YYYYMMDD` */
  readonly date: string
  readonly region: string
}

const EXPECTED = 'expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'

/**
 * Parses a credential and checks its scope. Throws the code that belongs to the form of
 * authentication: `AuthorizationHeaderMalformed` or `AuthorizationQueryParametersError`.
 */
export function parseCredential(
  text: string,
  region: string,
  code: FaultCode,
  prefix: string,
): Credential {
  const parts = text.split('/')
  // An access key id may hold slashes, the scope may not.
  const [terminal, service, givenRegion, date] = parts.toReversed()
  const accessKeyId = parts.slice(0, -4).join('/')
  if (
    terminal === undefined ||
    service === undefined ||
    givenRegion === undefined ||
    date === undefined ||
    accessKeyId === ''
  ) {
    throw new S3Fault(code, `${prefix}; the Credential is mal-formed; ${EXPECTED}`)
  }
  if (!/^\d{8}$/.test(date)) {
    throw new S3Fault(
      code,
      `${prefix}; incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
    )
  }
  if (givenRegion !== region) {
    throw new S3Fault(
      code,
      `${prefix}; the region '${givenRegion}' is wrong; expecting '${region}'`,
      [['Region', region]],
    )
  }
  if (service !== 's3') {
    throw new S3Fault(
      code,
      `${prefix}; incorrect service "${service}". This endpoint belongs to "s3".`,
    )
  }
  if (terminal !== 'aws4_request') {
    throw new S3Fault(
      code,
      `${prefix}; incorrect terminal "${terminal}". This endpoint uses "aws4_request".`,
    )
  }
  return { accessKeyId, date, region }
}

/** Finds the account and checks the token. Throws `InvalidAccessKeyId` or `InvalidToken`. */
export function findAccount(
  accounts: readonly SandboxAccount[],
  accessKeyId: string,
  token: string | undefined,
): SandboxAccount {
  const account = accounts.find((candidate) => candidate.accessKeyId === accessKeyId)
  const needsToken = account?.sessionToken !== undefined
  if (account === undefined || (needsToken && token === undefined)) {
    throw new S3Fault('InvalidAccessKeyId', undefined, [['AWSAccessKeyId', accessKeyId]])
  }
  if (token !== account.sessionToken) {
    throw new S3Fault('InvalidToken', undefined, [['Token-0', token ?? '']])
  }
  return account
}

/** Parses `YYYYMMDDTHHMMSSZ`; returns milliseconds since 1970, undefined if it is invalid. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number)
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** `YYYYMMDDTHHMMSSZ` of milliseconds since 1970. */
export function formatAmzDate(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d{3}/g, '')
}
