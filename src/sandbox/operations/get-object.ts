import type { BucketStore } from '../bucket-store.ts'
import { checkCustomerKey } from '../customer-key.ts'
import { encryptionHeaders } from '../encryption.ts'
import {
  type Answer,
  bucketOf,
  type Exchange,
  emptyAnswer,
  type FileRange,
  objectOf,
  totalSize,
} from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import { lockHeaders } from '../object-lock-headers.ts'
import type { ObjectRecord } from '../records.ts'
import { header, parameter, type SandboxRequest } from '../request.ts'
import { archiveHeaders, refuseArchived } from '../storage-class.ts'
import { checksumHeaders } from './put-object.ts'

/** A stretch of an object. */
export interface ByteRange {
  readonly start: number
  readonly size: number
}

const OVERRIDES = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

/** GetObject: ranges, parts, conditions, response overrides. */
export function getObject(exchange: Exchange): Answer {
  const record = objectOf(exchange)
  checkCustomerKey(record.encryption, exchange.request.headers)
  refuseArchived(record, exchange.now)
  if (record.encryption.kind === 'kms') exchange.keys.checkUsable(record.encryption.keyArn)
  return answerObject(exchange, record, true)
}

/** HeadObject: the same without a body; S3 does not ask KMS for it. */
export function headObject(exchange: Exchange): Answer {
  const record = objectOf(exchange)
  checkCustomerKey(record.encryption, exchange.request.headers)
  return answerObject(exchange, record, false)
}

function answerObject(exchange: Exchange, record: ObjectRecord, hasBody: boolean): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const identity = { ...validators(record), ...versionHeaders(bucket, record) }
  if (!isModified(request, record)) return emptyAnswer(304, identity)
  const range = requestedRange(request, record)
  const isWhole = range === undefined
  const { start, size } = range ?? { start: 0, size: record.size }
  const headers: Record<string, string> = {
    ...record.headers,
    ...identity,
    ...encryptionHeaders(record.encryption),
    ...lockHeaders(record.lock, exchange.now),
    ...archiveHeaders(record, exchange.now),
    'accept-ranges': 'bytes',
    'content-length': String(size),
    ...(isWhole ? {} : { 'content-range': `bytes ${start}-${start + size - 1}/${record.size}` }),
    ...(record.tags.length > 0 ? { 'x-amz-tagging-count': String(record.tags.length) } : {}),
    ...(parameter(request, 'partNumber') !== undefined && record.parts !== undefined
      ? { 'x-amz-mp-parts-count': String(record.parts.length) }
      : {}),
    ...(isWhole && header(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
      ? checksumHeaders(record.checksum)
      : {}),
  }
  Object.assign(headers, responseOverrides(request))
  const status = isWhole ? 200 : 206
  if (!hasBody) return { status, headers }
  return {
    status,
    headers,
    body: {
      ranges: fileRanges(bucket, record, start, size),
      size,
      release: bucket.pin(record.segments),
    },
  }
}

/**
 * Returns the fields that `response-*` parameters replace. Throws `InvalidArgument` if a value has
 * no ISO-8859-1 form, or is not a valid field value.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html; code and text as S3
 * answers them (guardian/grid#1716)
 */
function responseOverrides(request: SandboxRequest): Record<string, string> {
  const overrides: Record<string, string> = {}
  for (const name of OVERRIDES) {
    const value = parameter(request, `response-${name}`)
    if (value === undefined) continue
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
      throw invalidArgument(
        'Header value cannot be represented using ISO-8859-1.',
        `response-${name}`,
        value,
      )
    }
    overrides[name] = value
  }
  return overrides
}

/** The files that hold a stretch of an object. */
export function fileRanges(
  bucket: BucketStore,
  record: ObjectRecord,
  start: number,
  size: number,
): readonly FileRange[] {
  const ranges: FileRange[] = []
  let offset = 0
  for (const segment of record.segments) {
    const from = Math.max(start - offset, 0)
    const to = Math.min(start + size - offset, segment.size)
    if (from < to) {
      ranges.push({ path: bucket.dataPath(segment.file), start: from, size: to - from })
    }
    offset += segment.size
  }
  return ranges
}

/**
 * Parses the single range of a `Range` value. `undefined`: no range, or one that S3 ignores
 * (several ranges, another unit, bad syntax). Throws `InvalidRange`.
 *
 * Source: RFC 9110 section 14.2
 */
export function parseRange(value: string, objectSize: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(value.trim())
  if (match === null) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  const start = first === '' ? Math.max(objectSize - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? objectSize - 1 : Math.min(Number(last), objectSize - 1)
  if (first !== '' && last !== '' && Number(last) < start) return undefined
  if (start >= objectSize || end < start) {
    throw new S3Fault('InvalidRange', undefined, [
      ['RangeRequested', value],
      ['ActualObjectSize', String(objectSize)],
    ])
  }
  return { start, size: end - start + 1 }
}

function requestedRange(request: SandboxRequest, record: ObjectRecord): ByteRange | undefined {
  const partNumber = parameter(request, 'partNumber')
  const range = header(request, 'range')
  if (partNumber === undefined) {
    return range === undefined ? undefined : parseRange(range, record.size)
  }
  if (range !== undefined) {
    throw new S3Fault(
      'InvalidRequest',
      'Cannot specify both Range header and partNumber query parameter',
    )
  }
  const number = Number(partNumber)
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw invalidArgument(
      'Part number must be an integer between 1 and 10000, inclusive',
      'partNumber',
      partNumber,
    )
  }
  if (record.parts === undefined && number === 1) return undefined
  const parts = record.parts ?? []
  const index = parts.findIndex((part) => part.number === number)
  const size = parts[index]?.size
  if (size === undefined) {
    throw new S3Fault('InvalidRange', 'The requested partnumber is not satisfiable')
  }
  return { start: totalSize(parts.slice(0, index)), size }
}

/** False: 304. Throws `PreconditionFailed`. Source: RFC 9110 section 13.2.2. */
function isModified(request: SandboxRequest, record: ObjectRecord): boolean {
  const ifMatch = header(request, 'if-match')
  const ifUnmodifiedSince = header(request, 'if-unmodified-since')
  if (ifMatch !== undefined) {
    if (!matchesEtag(ifMatch, record.etag)) throw preconditionFailed('If-Match')
  } else if (
    ifUnmodifiedSince !== undefined &&
    record.lastModified > Date.parse(ifUnmodifiedSince)
  ) {
    throw preconditionFailed('If-Unmodified-Since')
  }
  const ifNoneMatch = header(request, 'if-none-match')
  if (ifNoneMatch !== undefined) return !matchesEtag(ifNoneMatch, record.etag)
  const ifModifiedSince = header(request, 'if-modified-since')
  return ifModifiedSince === undefined || !(record.lastModified <= Date.parse(ifModifiedSince))
}

/** Returns whether a list of entity tags, or `*`, contains this one. */
export function matchesEtag(list: string, etag: string): boolean {
  return list
    .split(',')
    .map((item) => item.trim().replace(/^W\//, '').replaceAll('"', ''))
    .some((item) => item === '*' || item === etag)
}

function validators(record: ObjectRecord): Record<string, string> {
  return {
    etag: `"${record.etag}"`,
    'last-modified': new Date(record.lastModified).toUTCString(),
  }
}

function preconditionFailed(condition: string): S3Fault {
  return new S3Fault('PreconditionFailed', undefined, [['Condition', condition]])
}
