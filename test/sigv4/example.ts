import { readFileSync } from 'node:fs'
import { type HeaderList, headerListFromRaw } from '../../src/base/header-list.ts'
import type { Result } from '../../src/base/result.ts'
import type { S3Error } from '../../src/s3/error.ts'
import { parseTarget } from '../../src/s3/target.ts'
import { parseAmzDate } from '../../src/sigv4/amz-date.ts'
import { parseAuthentication } from '../../src/sigv4/authentication.ts'
import type { SeedSignature } from '../../src/sigv4/seed-signature.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import { verifySignature } from '../../src/sigv4/verify.ts'

/** The credentials of AWS's examples. */
export const ACCESS_KEY_ID = 'AKIAIOSFODNN7EXAMPLE'
export const SECRET_ACCESS_KEY = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
export const TIMESTAMP = '20130524T000000Z'
export const NOW_MS = Date.UTC(2013, 4, 24)
export const REGION = 'us-east-1'
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A request as it stands on the wire. */
export interface WireRequest {
  readonly method: string
  readonly target: string
  /** `[name, value, …]`, any case. */
  readonly headers: readonly string[]
}

/** What the verifier knows; what is left out is the example client's. */
export interface Known {
  readonly secretAccessKeys?: readonly string[]
  readonly sessionToken?: string | undefined
  readonly region?: string
  readonly nowMs?: number
  readonly keys?: SigningKeyCache
}

/** Parses and verifies a request as the proxy does. */
export function verifyWire(
  request: WireRequest,
  known: Known = {},
): Result<SeedSignature, S3Error> {
  const headers = headerListFromRaw(request.headers)
  const target = parseTarget(request.target)
  if (!target.ok) return target
  const { path, query } = target.value
  const authentication = parseAuthentication({ headers, query })
  if (!authentication.ok) return authentication
  if (authentication.value.kind === 'anonymous') throw new Error('the request is not signed')
  return verifySignature({
    method: request.method,
    path,
    query,
    headers,
    authentication: authentication.value,
    payloadHash: authentication.value.payloadHash,
    secretAccessKeys: known.secretAccessKeys ?? [SECRET_ACCESS_KEY],
    sessionToken: known.sessionToken,
    region: known.region ?? REGION,
    service: 's3',
    nowMs: known.nowMs ?? NOW_MS,
    keys: known.keys ?? new SigningKeyCache(),
  })
}

/** The headers with one taken off, set or added. */
export function withHeader(headers: HeaderList, name: string, value: string | undefined): string[] {
  const changed: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() !== name) changed.push(headers[i] ?? '', headers[i + 1] ?? '')
  }
  if (value !== undefined) changed.push(name, value)
  return changed
}

/** `code: reason` of a failure, `ok` of a success: what tables compare. */
export function outcomeOf(result: Result<unknown, S3Error>): string {
  return result.ok ? 'ok' : `${result.error.code}: ${result.error.reason}`
}

/** The instant of an AWS timestamp; throws where it is none. */
export function msOf(timestamp: string): number {
  const ms = parseAmzDate(timestamp)
  if (ms === undefined) throw new Error(`no timestamp: ${timestamp}`)
  return ms
}

/** A file of test/fixtures: the project's root is the working directory of every test. */
export function readFixture(name: string): unknown {
  return JSON.parse(readFileSync(`test/fixtures/${name}`, 'utf8'))
}
