import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import aws4 from 'aws4'
import { S3Fault } from './fault.ts'
import { decodeForm, type QueryParameter, type SandboxRequest } from './request.ts'

/** The signature fields of a request. */
interface SignatureClaim {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** `YYYYMMDDTHHMMSSZ` */
  readonly dateTime: string
  readonly region: string
  /** In lower case. */
  readonly signedHeaders: readonly string[]
  /** Lower-case hex; or whatever was sent. */
  readonly signature: string
  /** Last line of the canonical request. */
  readonly payloadHash: string
  /** The query that was signed: without `X-Amz-Signature`. */
  readonly query: readonly QueryParameter[]
}

/** aws4's signer, changed to use header values byte by byte (latin1 characters). */
class OctetSigner extends aws4.RequestSigner {
  readonly #lines: readonly (readonly [name: string, value: string])[]

  constructor(
    options: ConstructorParameters<typeof aws4.RequestSigner>[0],
    claim: SignatureClaim,
    lines: readonly (readonly [name: string, value: string])[],
  ) {
    super(options, { accessKeyId: claim.accessKeyId, secretAccessKey: claim.secretAccessKey })
    this.datetime = claim.dateTime
    this.#lines = lines
  }

  // aws4 omits range, expect, user-agent and others, but a client may have signed them; its `\s`
  // treats NBSP as a blank, a byte that is frequent in UTF-8 text ("à" is C3 A0).
  override canonicalHeaders(): string {
    return this.#lines.map(([name, value]) => `${name}:${squeeze(value)}`).join('\n')
  }

  override signedHeaders(): string {
    return this.#lines.map(([name]) => name).join(';')
  }

  // aws4 would hash the UTF-8 form of the latin1 characters, which are other bytes.
  override stringToSign(): string {
    const hash = createHash('sha256').update(this.canonicalString(), 'latin1').digest('hex')
    return ['AWS4-HMAC-SHA256', this.getDateTime(), this.credentialString(), hash].join('\n')
  }
}

/**
 * Verifies a request's signature with aws4. Throws `SignatureDoesNotMatch` with the string to sign
 * and the canonical request, as S3 does.
 *
 * aws4 needs prepared input. It drops `.` segments, reads `+` in a path as a space and re-encodes
 * non-ASCII characters. Path and query are therefore passed with everything except letters, digits
 * and `/` percent-encoded, and aws4 rebuilds S3's own canonical form from that: decode once, encode
 * once, keep `/`. It does not find the payload hash of a presigned request, so query and payload
 * hash are passed as if the signature were in the header (the canonical form is the same).
 */
export function verifySignature(request: SandboxRequest, claim: SignatureClaim): void {
  const signer = new OctetSigner(
    {
      method: request.method,
      path: feedTarget(request.rawPath, claim.query),
      headers: { host: 'ignored', 'x-amz-content-sha256': claim.payloadHash },
      service: 's3',
      region: claim.region,
      doNotModifyHeaders: true,
    },
    claim,
    headerLines(request, claim.signedHeaders),
  )
  const expected = signer.signature()
  if (!isSameHex(expected, claim.signature)) {
    const stringToSign = signer.stringToSign()
    const canonicalRequest = signer.canonicalString()
    throw new S3Fault('SignatureDoesNotMatch', undefined, [
      ['AWSAccessKeyId', claim.accessKeyId],
      ['StringToSign', stringToSign],
      ['SignatureProvided', claim.signature],
      ['StringToSignBytes', hexBytes(stringToSign)],
      ['CanonicalRequest', canonicalRequest],
      ['CanonicalRequestBytes', hexBytes(canonicalRequest)],
    ])
  }
}

/** Compares two hex strings, case apart, in constant time. */
export function isSameHex(expected: string, given: string): boolean {
  const a = Buffer.from(expected.toLowerCase(), 'latin1')
  const b = Buffer.from(given.toLowerCase(), 'latin1')
  return a.length === b.length && timingSafeEqual(a, b)
}

/**
 * The signing key of a day, region and service.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signingKey(secretAccessKey: string, date: string, region: string): Buffer {
  let key: string | Buffer = `AWS4${secretAccessKey}`
  for (const part of [date, region, 's3', 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest()
  }
  return Buffer.from(key)
}

function feedTarget(rawPath: string, query: readonly QueryParameter[]): string {
  const path = decodeForm(rawPath).split('/').map(encodeAll).join('/')
  if (query.length === 0) return path
  return `${path}?${query.map(([name, value]) => `${encodeAll(name)}=${encodeAll(value)}`).join('&')}`
}

function encodeAll(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text)) {
    const isAlphanumeric =
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      (byte >= 0x61 && byte <= 0x7a)
    encoded += isAlphanumeric
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return encoded
}

/** Name and value of each signed header, sorted. A name that is no header is taken from the query. */
function headerLines(
  request: SandboxRequest,
  signedHeaders: readonly string[],
): readonly (readonly [string, string])[] {
  const sent = new Map<string, string[]>()
  for (let i = 0; i < request.wireHeaders.length; i += 2) {
    const name = request.wireHeaders[i] ?? ''
    const values = sent.get(name) ?? []
    values.push(squeeze(request.wireHeaders[i + 1] ?? ''))
    sent.set(name, values)
  }
  const hoisted = new Map(request.query.map(([name, value]) => [name.toLowerCase(), value]))
  return signedHeaders.toSorted().map((name) => {
    const values = sent.get(name)
    if (values !== undefined) return [name, values.join(',')] as const
    return [name, Buffer.from(hoisted.get(name) ?? '').toString('latin1')] as const
  })
}

/** Blanks around a value do not count, and several within it are one space. */
function squeeze(value: string): string {
  return value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')
}

function hexBytes(text: string): string {
  return Buffer.from(text, 'latin1')
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ')
}
