import { createHash, createHmac } from 'node:crypto'

/** Keys of one S3 user. */
export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What a signature is bound to besides the request. */
export interface Scope {
  readonly keys: Keys
  readonly region: string
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly date: string
}

/** A header field; the value is latin1, one character per octet. */
export type Field = readonly [name: string, value: string]

/** What is signed: a raw target (latin1 octets as they go on the wire) and the fields to sign. */
export interface Signable {
  readonly method: string
  readonly target: string
  readonly fields: readonly Field[]
  /** Value of `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD`. */
  readonly payloadHash: string
}

/** The SHA-256 of nothing. */
export const EMPTY_HASH = createHash('sha256').digest('hex')

/** Lower-case hex SHA-256. */
export function sha256Hex(data: Buffer | string): string {
  return createHash('sha256')
    .update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
    .digest('hex')
}

/** The time in SigV4's form, `YYYYMMDDTHHMMSSZ`. */
export function amzDate(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** `20260101/us-east-1/s3/aws4_request`. */
export function scopeText(scope: Scope, service = 's3'): string {
  return `${scope.date.slice(0, 8)}/${scope.region}/${service}/aws4_request`
}

/** The key that signs requests, chunks and POST policies of one day, region and service. */
export function signingKey(scope: Scope, service = 's3'): Buffer {
  let key = hmac(`AWS4${scope.keys.secretAccessKey}`, scope.date.slice(0, 8))
  for (const part of [scope.region, service, 'aws4_request']) key = hmac(key, part)
  return key
}

/** Hex HMAC-SHA-256 of a latin1 text. */
export function signatureOf(key: Buffer, text: string): string {
  return hmac(key, text).toString('hex')
}

/** Names of the signed fields, sorted, joined with `;`. */
export function signedHeadersOf(fields: readonly Field[]): string {
  return [...new Set(fields.map(([name]) => name.toLowerCase()))].sort().join(';')
}

/**
 * The signature of a request, written for the tests alone so that a mistake of the product's signer
 * or of the embedded S3's verifier cannot hide here.
 *
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function requestSignature(request: Signable, scope: Scope, service = 's3'): string {
  const text = [
    'AWS4-HMAC-SHA256',
    scope.date,
    scopeText(scope, service),
    sha256Hex(canonicalRequest(request)),
  ].join('\n')
  return signatureOf(signingKey(scope, service), text)
}

function canonicalRequest({ method, target, fields, payloadHash }: Signable): string {
  const cut = target.indexOf('?')
  const path = cut === -1 ? target : target.slice(0, cut)
  const query = cut === -1 ? '' : target.slice(cut + 1)
  return [
    method,
    encodeOctets(decodeOctets(path), true),
    canonicalQuery(query),
    ...canonicalHeaders(fields),
    '',
    signedHeadersOf(fields),
    payloadHash,
  ].join('\n')
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const cut = part.indexOf('=')
      const name = cut === -1 ? part : part.slice(0, cut)
      const value = cut === -1 ? '' : part.slice(cut + 1)
      return [encodeOctets(decodeOctets(name)), encodeOctets(decodeOctets(value))] as const
    })
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function canonicalHeaders(fields: readonly Field[]): readonly string[] {
  const byName = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const values = byName.get(name.toLowerCase()) ?? []
    values.push(value.trim().replace(/ +/g, ' '))
    byName.set(name.toLowerCase(), values)
  }
  return [...byName.keys()].sort().map((name) => `${name}:${byName.get(name)?.join(',')}`)
}

/** Percent-decodes to octets (latin1); what is not a valid escape stays as it is. */
export function decodeOctets(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** Percent-encodes octets (latin1) as SigV4 wants: upper-case hex, unreserved characters bare. */
export function encodeOctets(octets: string, keepSlash = false): string {
  return octets.replace(/[^A-Za-z0-9\-._~]/g, (char) =>
    keepSlash && char === '/'
      ? char
      : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/** A key as UTF-8, percent-encoded for a path. */
export function encodeKey(key: string): string {
  return encodeOctets(Buffer.from(key, 'utf8').toString('latin1'), true)
}

/** A value as UTF-8, percent-encoded for a query. */
export function encodeQuery(value: string): string {
  return encodeOctets(Buffer.from(value, 'utf8').toString('latin1'))
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(Buffer.from(text, 'latin1')).digest()
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
