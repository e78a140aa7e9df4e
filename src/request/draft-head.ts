import { type HeaderList, headerCount } from '../base/header-list.ts'
import type { EncryptionEdit, Obligation } from '../policy/decision.ts'
import { removesHeader } from '../policy/removes-header.ts'
import { serializeCopySource } from '../s3/copy-source.ts'
import type { S3Request } from './read-request.ts'

/**
 * The fields besides `x-amz-*` that are sent to S3; all others are dropped. An allow-list, so that
 * our signature never covers a field that an intermediary or a later S3 may interpret (`x_amz_…`,
 * `x-http-method-override`, `forwarded`).
 */
const FORWARDED: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'access-control-request-headers',
  'access-control-request-method',
  'cache-control',
  'content-disposition',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'origin',
  'range',
  'referer',
  'user-agent',
])

/**
 * `x-amz-*` fields that are never sent: the client's authentication, which we replace, and fields
 * about a body framing that we redo.
 */
const OWN: ReadonlySet<string> = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-trailer',
])

/** The fields that the body's new framing adds to the head. */
export interface BodyHeaders {
  /** `content-length`, `x-amz-trailer`, …; names in lower case. */
  readonly set: HeaderList
  /** The value of Content-Encoding; undefined: none. Only used if the client sent one. */
  readonly contentEncoding: string | undefined
  /** Whether to drop `x-amz-sdk-checksum-algorithm`, because its checksum is gone. */
  readonly dropSdkChecksum: boolean
}

/**
 * Builds the upstream head from scratch: Host, then the client's allowed fields, then those that
 * the policy sets, then those of the body. No allowed field is hop-by-hop, whatever the client's
 * Connection names: `Connection: x-amz-copy-source` would turn a CopyObject that was signed and
 * judged into an empty PutObject.
 *
 * Source: RFC 9110 section 7.6.1, on fields that are intended for all recipients
 */
export function draftHead(
  parsed: S3Request,
  { encryption, guards }: Pick<Obligation, 'encryption' | 'guards'>,
  host: string,
  body: BodyHeaders,
): string[] {
  const { headers, operation } = parsed
  // A preflight is not authenticated, so no `x-amz-*` field is sent with it.
  const isUnsigned = operation.name === 'OptionsPreflight'
  const list: string[] = ['host', host]
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (isUnsigned ? !FORWARDED.has(name) : !goesOn(name, encryption, body)) continue
    if (guards !== undefined && headerCount(guards.set, name) > 0) continue
    const isCopySource = name === 'x-amz-copy-source' && parsed.copySource !== undefined
    list.push(
      name,
      isCopySource ? serializeCopySource(parsed.copySource) : (headers[i + 1] as string),
    )
  }
  if (body.contentEncoding !== undefined) list.push('content-encoding', body.contentEncoding)
  if (encryption.kind === 'set') list.push(...encryption.headers)
  if (guards !== undefined) list.push(...guards.set)
  list.push(...body.set)
  return list
}

function goesOn(name: string, encryption: EncryptionEdit, body: BodyHeaders): boolean {
  if (!name.startsWith('x-amz-')) return FORWARDED.has(name)
  // CGI-like servers (Ceph RGW, WSGI) read `_` as `-`: another spelling of a name that we judged.
  if (name.includes('_') && !name.startsWith('x-amz-meta-')) return false
  if (name === 'x-amz-sdk-checksum-algorithm' && body.dropSdkChecksum) return false
  return !OWN.has(name) && !removesHeader(encryption, name)
}
