import { type HeaderList, headerValue } from '../base/header-list.ts'
import { S3Fault } from './fault.ts'

/** Limit of a key: 1,024 bytes of UTF-8. */
const KEY_BYTES_MAX = 1024

/** Limit of the header section (names, values, four bytes per line): 8 KB. */
const HEADER_SECTION_BYTES_MAX = 8192

/** A query parameter, decoded. */
export type QueryParameter = readonly [name: string, value: string]

/** A request as the sandbox sees it: the target taken apart, nothing judged yet. */
export interface SandboxRequest {
  readonly method: string
  /** The path as received, before `?`. */
  readonly rawPath: string
  /** Decoded, in wire order, without duplicate names. */
  readonly query: readonly QueryParameter[]
  /** The header fields that count: of a presigned request the hoisted ones too. */
  readonly headers: HeaderList
  /** The fields that came as headers. */
  readonly wireHeaders: HeaderList
  readonly bucket: string | undefined
  /** Decoded; never empty. */
  readonly key: string | undefined
}

/**
 * Parses a request's head. Throws `InvalidURI`, `InvalidRequest`, `KeyTooLongError`,
 * `InvalidBucketName` and `RequestHeaderSectionTooLarge`.
 *
 * Path style on any host, virtual-hosted style on `<bucket>.localhost` and
 * `<bucket>.s3.<anything>.localhost`. A raw `+` is a space, in paths and queries: S3 reads it as a
 * space and signs `%20` for it (anomalizer/ngx_aws_auth#87).
 */
export function parseRequest(
  method: string,
  rawTarget: string,
  headers: HeaderList,
): SandboxRequest {
  checkHeaderSection(headers)
  if (!rawTarget.startsWith('/') || rawTarget.includes('#')) throw new S3Fault('InvalidURI')
  const mark = rawTarget.indexOf('?')
  const rawPath = mark === -1 ? rawTarget : rawTarget.slice(0, mark)
  const query = mark === -1 ? [] : parseQuery(rawTarget.slice(mark + 1))
  const path = decodeForm(rawPath)
  const hostBucket = bucketOfHost(singleHost(headers))
  const { bucket, key } =
    hostBucket === undefined ? splitPath(path) : { bucket: hostBucket, key: path.slice(1) }
  if (bucket !== '' && !isBucketName(bucket)) {
    throw new S3Fault('InvalidBucketName', undefined, [['BucketName', bucket]])
  }
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw new S3Fault('KeyTooLongError', undefined, [
      ['Size', String(Buffer.byteLength(key))],
      ['MaxSizeAllowed', String(KEY_BYTES_MAX)],
    ])
  }
  return {
    method,
    rawPath,
    query,
    headers,
    wireHeaders: headers,
    bucket: bucket === '' ? undefined : bucket,
    key: key === '' ? undefined : key,
  }
}

/** Returns the value of a header field; undefined if there is none. */
export function header(request: SandboxRequest, name: string): string | undefined {
  return headerValue(request.headers, name)
}

/** Returns the value of a query parameter (exact name); undefined if there is none. */
export function parameter(request: SandboxRequest, name: string): string | undefined {
  return request.query.find(([candidate]) => candidate === name)?.[1]
}

/**
 * Decodes `%XX` and raw bytes (latin1 characters) to a string. Throws `InvalidURI` if an escape is
 * invalid or the bytes are not UTF-8.
 */
export function percentDecode(raw: string): string {
  let escaped = ''
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i)
    escaped += code < 0x80 ? raw[i] : `%${code.toString(16).padStart(2, '0')}`
  }
  try {
    return decodeURIComponent(escaped)
  } catch {
    throw new S3Fault('InvalidURI')
  }
}

/** Decodes a path, a query or a copy source: `%XX`, and `+` for a space. Throws `InvalidURI`. */
export function decodeForm(raw: string): string {
  return percentDecode(raw.replaceAll('+', ' '))
}

/**
 * Whether S3 would take it for a bucket's name.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  )
}

function checkHeaderSection(headers: HeaderList): void {
  let bytes = 0
  for (const text of headers) bytes += text.length + 2
  if (bytes > HEADER_SECTION_BYTES_MAX) {
    throw new S3Fault('RequestHeaderSectionTooLarge', undefined, [
      ['MaxSizeAllowed', String(HEADER_SECTION_BYTES_MAX)],
    ])
  }
}

function parseQuery(raw: string): readonly QueryParameter[] {
  const parameters: QueryParameter[] = []
  const names = new Set<string>()
  for (const piece of raw.split('&')) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = decodeForm(equals === -1 ? piece : piece.slice(0, equals))
    if (names.has(name)) {
      throw new S3Fault('InvalidArgument', 'A query parameter occurs more than once.', [
        ['ArgumentName', name],
      ])
    }
    names.add(name)
    parameters.push([name, equals === -1 ? '' : decodeForm(piece.slice(equals + 1))])
  }
  return parameters
}

function singleHost(headers: HeaderList): string {
  let host: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'host') continue
    if (host !== undefined) throw new S3Fault('InvalidRequest', 'More than one Host header.')
    host = headers[i + 1] ?? ''
  }
  if (host === undefined) throw new S3Fault('InvalidRequest', 'Missing required header: host')
  return host
}

function bucketOfHost(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  if (!name.endsWith('.localhost')) return undefined
  const bucket = name.slice(0, -'.localhost'.length).replace(/(^|\.)s3(\.[a-z0-9-]+)?$/, '')
  return bucket === '' ? undefined : bucket
}

function splitPath(path: string): { bucket: string; key: string } {
  const slash = path.indexOf('/', 1)
  return slash === -1
    ? { bucket: path.slice(1), key: '' }
    : { bucket: path.slice(1, slash), key: path.slice(slash + 1) }
}
