import type { HeaderList } from '../base/header-list.ts'
import type { EncryptionEdit } from '../policy/decision.ts'
import { removesHeader } from '../policy/removes-header.ts'
import { serializeCopySource } from '../s3/copy-source.ts'
import type { S3Request } from './read-request.ts'

/**
 * The fields that S3 understands besides `x-amz-*`; no other field goes on. An allow-list, so that a
 * field which some intermediary or a later S3 gives a meaning (`x_amz_…`, `x-http-method-override`,
 * `forwarded`) never travels under our signature.
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
 * `x-amz-*` fields that never go on: the client's authentication, which is not ours, and what
 * describes a body framing that we make anew.
 */
const OWN: ReadonlySet<string> = new Set([
  'x-amz-content-sha256',
  'x-amz-date',
  'x-amz-decoded-content-length',
  'x-amz-security-token',
  'x-amz-s3session-token',
  'x-amz-trailer',
])

/** What the body's new framing adds to the head. */
export interface BodyHeaders {
  /** `content-length`, `x-amz-trailer`, …; names in lower case. */
  readonly set: HeaderList
  /** The value of Content-Encoding; undefined: none. Only asked for where the client sent one. */
  readonly contentEncoding: string | undefined
  /** `x-amz-sdk-checksum-algorithm` has nothing to name any more. */
  readonly dropSdkChecksum: boolean
}

/**
 * Builds the upstream head from scratch: Host, then the client's fields that may go on, then what the
 * policy sets, then what the body needs. None of the fields that may go on is hop-by-hop, whatever the
 * client's Connection nominates: `Connection: x-amz-copy-source` would make an empty PutObject of the
 * CopyObject that was signed and judged.
 *
 * Source: RFC 9110 section 7.6.1, on fields that are intended for all recipients
 */
export function draftHead(
  parsed: S3Request,
  encryption: EncryptionEdit,
  host: string,
  body: BodyHeaders,
): string[] {
  const { headers, operation } = parsed
  // Nobody signed a preflight, so nothing of S3's own goes on with it.
  const isUnsigned = operation.name === 'OptionsPreflight'
  const list: string[] = ['host', host]
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (isUnsigned ? !FORWARDED.has(name) : !goesOn(name, encryption, body)) continue
    const isCopySource = name === 'x-amz-copy-source' && parsed.copySource !== undefined
    list.push(
      name,
      isCopySource ? serializeCopySource(parsed.copySource) : (headers[i + 1] as string),
    )
  }
  if (body.contentEncoding !== undefined) list.push('content-encoding', body.contentEncoding)
  if (encryption.kind === 'set') list.push(...encryption.headers)
  list.push(...body.set)
  return list
}

function goesOn(name: string, encryption: EncryptionEdit, body: BodyHeaders): boolean {
  if (!name.startsWith('x-amz-')) return FORWARDED.has(name)
  // CGI-like servers (Ceph RGW, WSGI) read `_` as `-`: another spelling of a name we judged.
  if (name.includes('_') && !name.startsWith('x-amz-meta-')) return false
  if (name === 'x-amz-sdk-checksum-algorithm' && body.dropSdkChecksum) return false
  return !OWN.has(name) && !removesHeader(encryption, name)
}
