import { createHash, createHmac } from 'node:crypto'
import { onlyValue, valuesOf, type WireField, type WireRequest } from './wire-reading.ts'

/*
 * The fuzzer's own verification of Signature Version 4. Two programs may canonicalise odd bytes in two
 * ways; what verifies in any of them was signed by somebody who has the secret, and that is the question
 * here. What Sealgate signs has to verify in AWS's own canonical form alone.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** Somebody who signs. */
export interface Signer {
  readonly name: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** A signature that verifies. */
export interface Signed {
  readonly kind: 'signed'
  readonly signer: Signer
  readonly via: 'header' | 'query'
  /** Lower case. */
  readonly signedNames: ReadonlySet<string>
  readonly signature: string
  readonly payloadHash: string
  /** For the signatures of chunks. */
  readonly key: Buffer
  readonly date: string
  readonly scope: string
}

/** What a request says of its sender. */
export type SignatureReading =
  | Signed
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'invalid'; readonly why: string }

/** What a signature is verified against. */
export interface SignatureContext {
  readonly signers: readonly Signer[]
  readonly region: string
  readonly nowMs: number
  /** Only AWS's own canonical form counts. */
  readonly isStrict: boolean
}

const SKEW_MS = 15 * 60_000
const EXPIRES_MAX = 604_800
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256[ \t]+Credential=([^,\s]+)[ \t]*,[ \t]*SignedHeaders=([^,\s]+)[ \t]*,[ \t]*Signature=([0-9a-f]{64})$/

interface Claim {
  readonly via: 'header' | 'query'
  readonly credential: string
  readonly date: string
  readonly signedHeaders: string
  readonly signature: string
  readonly payloadHashes: readonly string[]
  readonly token: string | undefined
  /** Raw parameters that are signed. */
  readonly query: readonly string[]
}

/** Verifies the signature of a request, in its header or in its query. */
export function readSignature(request: WireRequest, context: SignatureContext): SignatureReading {
  const claim = claimOf(request, context.nowMs)
  if (claim === undefined) return { kind: 'unsigned' }
  if (typeof claim === 'string') return invalid(claim)
  const [accessKeyId = '', day = '', region = '', service = '', end = ''] =
    claim.credential.split('/')
  const signer = context.signers.find((one) => one.accessKeyId === accessKeyId)
  if (signer === undefined) return invalid('unknown key')
  if (region !== context.region || service !== 's3' || end !== 'aws4_request')
    return invalid('scope')
  if (!claim.date.startsWith(day) || day.length !== 8) return invalid('scope date')
  if (claim.token !== signer.sessionToken) return invalid('session token')
  const scope = `${day}/${region}/s3/aws4_request`
  const key = signingKey(signer.secretAccessKey, day, region)
  for (const payloadHash of claim.payloadHashes) {
    for (const canonical of canonicalRequests(request, claim, payloadHash, context.isStrict)) {
      const text = `AWS4-HMAC-SHA256\n${claim.date}\n${scope}\n${sha256(canonical)}`
      if (hmac(key, text).toString('hex') !== claim.signature) continue
      const signedNames = new Set(claim.signedHeaders.split(';'))
      const { via, signature, date } = claim
      return { kind: 'signed', signer, via, signedNames, signature, payloadHash, key, date, scope }
    }
  }
  return invalid('signature')
}

/** The key that signs for a day and region. */
export function signingKey(secret: string, day: string, region: string): Buffer {
  const id = `${secret}/${day}/${region}`
  const known = KEYS.get(id)
  if (known !== undefined) return known
  let key = hmac(`AWS4${secret}`, day)
  for (const part of [region, 's3', 'aws4_request']) key = hmac(key, part)
  if (KEYS.size > 100) KEYS.clear()
  KEYS.set(id, key)
  return key
}

const KEYS = new Map<string, Buffer>()

/** Lower-case hex SHA-256 of bytes, or of a latin1 text. */
export function sha256(data: Buffer | string): string {
  return createHash('sha256')
    .update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    .digest('hex')
}

/** HMAC-SHA-256 of a latin1 text. */
export function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(Buffer.from(text, 'latin1')).digest()
}

/** The time of `YYYYMMDDTHHMMSSZ`; NaN for anything else. */
export function timeOf(date: string): number {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
}

function invalid(why: string): SignatureReading {
  return { kind: 'invalid', why }
}

/** What the request claims; undefined: nothing. A text: why the claim is none. */
function claimOf(request: WireRequest, nowMs: number): Claim | string | undefined {
  const cut = request.target.indexOf('?')
  const query =
    cut === -1
      ? []
      : request.target
          .slice(cut + 1)
          .split('&')
          .filter((part) => part !== '')
  const authorizations = valuesOf(request.fields, 'authorization')
  const isPresigned = query.some((part) => nameOf(part) === 'x-amz-signature')
  if (authorizations.length === 0 && !isPresigned) return undefined
  if (authorizations.length > 1 || (authorizations.length === 1 && isPresigned)) return 'two claims'
  return isPresigned
    ? claimOfQuery(request, query, nowMs)
    : claimOfHeader(request, query, authorizations[0] ?? '', nowMs)
}

function claimOfHeader(
  { fields, body }: WireRequest,
  query: readonly string[],
  authorization: string,
  nowMs: number,
): Claim | string {
  const [, credential = '', signedHeaders = '', signature = ''] =
    AUTHORIZATION.exec(authorization) ?? []
  if (credential === '') return 'authorization'
  const dates = valuesOf(fields, 'x-amz-date')
  const date = dates[0] ?? httpDate(onlyValue(fields, 'date'))
  if (dates.length > 1 || !(Math.abs(timeOf(date) - nowMs) <= SKEW_MS)) return 'date'
  const declared = valuesOf(fields, 'x-amz-content-sha256')
  const token = valuesOf(fields, 'x-amz-security-token')
  if (declared.length > 1 || token.length > 1) return 'a field twice'
  const payloadHashes = declared.length > 0 ? declared : ['UNSIGNED-PAYLOAD', sha256(body)]
  return {
    via: 'header',
    credential,
    date,
    signedHeaders,
    signature,
    payloadHashes,
    token: token[0],
    query,
  }
}

/** `Tue, 01 Dec 2026 10:00:00 GMT` as SigV4 writes it; empty where there is none. */
function httpDate(text: string | undefined): string {
  const timeMs = Date.parse(text ?? '')
  if (Number.isNaN(timeMs)) return ''
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function claimOfQuery(
  { fields }: WireRequest,
  query: readonly string[],
  nowMs: number,
): Claim | string {
  const values = new Map<string, string>()
  for (const part of query) {
    const name = nameOf(part)
    if (!PRESIGNING.has(name)) continue
    if (values.has(name)) return 'a parameter twice'
    const cut = part.indexOf('=')
    values.set(name, decodeOctets(cut === -1 ? '' : part.slice(cut + 1)))
  }
  const value = (name: string): string => values.get(name) ?? ''
  if (value('x-amz-algorithm') !== 'AWS4-HMAC-SHA256') return 'algorithm'
  const date = value('x-amz-date')
  const expires = /^\d{1,6}$/.test(value('x-amz-expires')) ? Number(value('x-amz-expires')) : NaN
  const age = nowMs - timeOf(date)
  if (!(expires >= 1 && expires <= EXPIRES_MAX)) return 'expires'
  if (!(age >= -SKEW_MS && age <= expires * 1000)) return 'date'
  const declared = [...valuesOf(fields, 'x-amz-content-sha256'), value('x-amz-content-sha256')]
  const headerToken = valuesOf(fields, 'x-amz-security-token')
  return {
    via: 'query',
    credential: value('x-amz-credential'),
    date,
    signedHeaders: value('x-amz-signedheaders'),
    signature: value('x-amz-signature'),
    payloadHashes: ['UNSIGNED-PAYLOAD', ...declared.filter((hash) => hash !== '')],
    token: values.get('x-amz-security-token') ?? headerToken[0],
    query: query.filter((part) => nameOf(part) !== 'x-amz-signature'),
  }
}

const PRESIGNING: ReadonlySet<string> = new Set(
  'x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders x-amz-signature x-amz-security-token x-amz-content-sha256'.split(
    ' ',
  ),
)

function nameOf(part: string): string {
  const cut = part.indexOf('=')
  return decodeOctets(cut === -1 ? part : part.slice(0, cut)).toLowerCase()
}

/** One in AWS's own form; more where the bytes leave open what they mean. */
function canonicalRequests(
  { method, target, fields }: WireRequest,
  claim: Claim,
  payloadHash: string,
  isStrict: boolean,
): readonly string[] {
  const cut = target.indexOf('?')
  const raw = cut === -1 ? target : target.slice(0, cut)
  const elsewhere = isStrict || claim.via === 'header' ? [] : fieldsOf(claim.query)
  const named = canonicalHeaders(fields, elsewhere, claim.signedHeaders)
  if (named === undefined) return []
  const blocks = [named]
  const paths = [encodeOctets(decodeOctets(raw), true)]
  const queries = [canonicalQuery(claim.query, false)]
  if (!isStrict) {
    // A port that goes without saying may be signed and not sent, or sent and not signed.
    const bare = named.map((line) => line.replace(/^(host:.*):(?:80|443)$/, '$1'))
    blocks.push(bare)
    for (const port of [80, 443]) {
      blocks.push(bare.map((line) => (line.startsWith('host:') ? `${line}:${port}` : line)))
    }
    if (raw !== paths[0]) paths.push(raw)
    if (raw.includes('+')) paths.push(encodeOctets(decodeOctets(raw.replaceAll('+', ' ')), true))
    if (claim.query.some((part) => part.includes('+')))
      queries.push(canonicalQuery(claim.query, true))
  }
  return paths.flatMap((path) =>
    queries.flatMap((query) =>
      blocks.map((lines) =>
        [method, path, query, ...lines, '', claim.signedHeaders, payloadHash].join('\n'),
      ),
    ),
  )
}

/** S3 looks there for signed fields that are not in the head: the query is signed as well. */
function fieldsOf(query: readonly string[]): readonly WireField[] {
  return query.map((part) => {
    const cut = part.indexOf('=')
    return { name: nameOf(part), value: decodeOctets(cut === -1 ? '' : part.slice(cut + 1)) }
  })
}

/** Undefined: a signed field is nowhere, or `host` is not signed, or the names are not sorted. */
function canonicalHeaders(
  fields: readonly WireField[],
  elsewhere: readonly WireField[],
  signedHeaders: string,
): readonly string[] | undefined {
  const names = signedHeaders.split(';')
  if (!names.includes('host') || names.join(';') !== [...new Set(names)].sort().join(';'))
    return undefined
  const lines: string[] = []
  for (const name of names) {
    const here = valuesOf(fields, name)
    const values = here.length > 0 ? here : valuesOf(elsewhere, name)
    if (values.length === 0) return undefined
    lines.push(`${name}:${values.map((value) => value.replace(/ +/g, ' ')).join(',')}`)
  }
  return lines
}

function canonicalQuery(parts: readonly string[], plusIsSpace: boolean): string {
  const pairs = parts.map((part): readonly [string, string] => {
    const text = plusIsSpace ? part.replaceAll('+', '%20') : part
    const cut = text.indexOf('=')
    const name = cut === -1 ? text : text.slice(0, cut)
    return [
      encodeOctets(decodeOctets(name)),
      encodeOctets(decodeOctets(cut === -1 ? '' : text.slice(cut + 1))),
    ]
  })
  return pairs
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function decodeOctets(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function encodeOctets(bytes: string, keepSlash = false): string {
  return bytes.replace(/[^A-Za-z0-9\-._~]/g, (char) =>
    keepSlash && char === '/'
      ? char
      : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}
