import type { BucketStore } from '../bucket-store.ts'
import { type Answer, bucketOf, type Exchange, xmlAnswer } from '../exchange.ts'
import { invalidArgument } from '../fault.ts'
import { ownerElements } from '../owner.ts'
import type { ObjectRecord } from '../records.ts'
import { parameter, type SandboxRequest } from '../request.ts'
import { storageClassOf } from '../storage-class.ts'
import { walkKeys } from '../walk-keys.ts'
import { writeXml, type XmlElement } from '../xml.ts'

const KEYS_MAX = 1000

/** A page of a listing. */
export interface ListPage {
  readonly keys: readonly string[]
  readonly prefixes: readonly string[]
  readonly isTruncated: boolean
  /** The last key or prefix on this page. */
  readonly last: string | undefined
}

/** The parameters of a listing. */
interface ListQuery {
  readonly prefix: string
  readonly delimiter: string
  /** Keys and prefixes up to and with this one are left out. */
  readonly after: string
  readonly countMax: number
}

/** ListObjectsV2. */
export function listObjectsV2(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const encode = keyEncoder(request)
  const token = parameter(request, 'continuation-token')
  const startAfter = parameter(request, 'start-after') ?? ''
  const query = listQuery(request, token === undefined ? startAfter : decodeToken(token))
  const page = objectPage(bucket, query)
  const withOwner = parameter(request, 'fetch-owner') === 'true'
  return xmlAnswer(
    writeXml('ListBucketResult', [
      ['Name', bucket.record.name],
      ['Prefix', encode(query.prefix)],
      query.delimiter === '' ? undefined : ['Delimiter', encode(query.delimiter)],
      startAfter === '' ? undefined : ['StartAfter', encode(startAfter)],
      token === undefined ? undefined : ['ContinuationToken', token],
      page.isTruncated && page.last !== undefined
        ? ['NextContinuationToken', Buffer.from(page.last).toString('base64url')]
        : undefined,
      ['KeyCount', page.keys.length + page.prefixes.length],
      ['MaxKeys', query.countMax],
      ...encodingElements(request),
      ['IsTruncated', page.isTruncated],
      ...page.keys.map((key) => contents(bucket.find(key), encode, withOwner)),
      ...page.prefixes.map((prefix) => commonPrefix(prefix, encode)),
    ]),
  )
}

/** ListObjects, the first version. */
export function listObjects(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const encode = keyEncoder(request)
  const marker = parameter(request, 'marker') ?? ''
  const query = listQuery(request, marker)
  const page = objectPage(bucket, query)
  return xmlAnswer(
    writeXml('ListBucketResult', [
      ['Name', bucket.record.name],
      ['Prefix', encode(query.prefix)],
      ['Marker', encode(marker)],
      page.isTruncated && page.last !== undefined && query.delimiter !== ''
        ? ['NextMarker', encode(page.last)]
        : undefined,
      ['MaxKeys', query.countMax],
      query.delimiter === '' ? undefined : ['Delimiter', encode(query.delimiter)],
      ...encodingElements(request),
      ['IsTruncated', page.isTruncated],
      ...page.keys.map((key) => contents(bucket.find(key), encode, true)),
      ...page.prefixes.map((prefix) => commonPrefix(prefix, encode)),
    ]),
  )
}

/** A page of sorted keys. `isListed`: a key may have nothing but a delete marker on top. */
export function listPage(
  sortedKeys: readonly string[],
  query: ListQuery,
  isListed?: (key: string) => boolean,
): ListPage {
  const { after, countMax } = query
  const keys: string[] = []
  const prefixes: string[] = []
  let last: string | undefined
  for (const entry of walkKeys(sortedKeys, { ...query, from: after }, isListed)) {
    const name = entry.kind === 'key' ? entry.key : entry.prefix
    if (name === after) continue
    if (keys.length + prefixes.length >= countMax) {
      return { keys, prefixes, isTruncated: countMax > 0, last }
    }
    if (entry.kind === 'key') keys.push(name)
    else prefixes.push(name)
    last = name
  }
  return { keys, prefixes, isTruncated: false, last }
}

function objectPage(bucket: BucketStore, query: ListQuery): ListPage {
  return listPage(bucket.keys(), query, (key) => bucket.find(key) !== undefined)
}

function listQuery(request: SandboxRequest, after: string): ListQuery {
  return {
    prefix: parameter(request, 'prefix') ?? '',
    delimiter: parameter(request, 'delimiter') ?? '',
    after,
    countMax: parseCount(request, 'max-keys'),
  }
}

/** A `max-…` parameter: 1,000 at most. Throws `InvalidArgument`. */
export function parseCount(request: SandboxRequest, name: string): number {
  const value = parameter(request, name)
  if (value === undefined || value === '') return KEYS_MAX
  if (!/^\d{1,10}$/.test(value)) {
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, value)
  }
  return Math.min(Number(value), KEYS_MAX)
}

/** How keys are written: as they are, or percent-encoded. Throws `InvalidArgument`. */
export function keyEncoder(request: SandboxRequest): (key: string) => string {
  const encoding = parameter(request, 'encoding-type')
  if (encoding === undefined || encoding === '') return (key) => key
  if (encoding !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encoding)
  }
  return (key) =>
    encodeURIComponent(key)
      .replaceAll('%2F', '/')
      .replaceAll('%20', '+')
      .replace(/[!'()]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The `EncodingType` element, where one was asked for. */
export function encodingElements(request: SandboxRequest): readonly XmlElement[] {
  return parameter(request, 'encoding-type') === 'url' ? [['EncodingType', 'url']] : []
}

function decodeToken(token: string): string {
  const key = Buffer.from(token, 'base64url')
  if (key.length === 0 || key.toString('base64url') !== token) {
    throw invalidArgument(
      'The continuation token provided is incorrect',
      'continuation-token',
      token,
    )
  }
  return key.toString()
}

function contents(
  record: ObjectRecord | undefined,
  encode: (key: string) => string,
  withOwner: boolean,
): XmlElement | undefined {
  return record && ['Contents', objectElements(record, encode, withOwner)]
}

/** The elements of an object in a listing; `identity` follows its key. */
export function objectElements(
  record: ObjectRecord,
  encode: (key: string) => string,
  withOwner: boolean,
  identity: readonly XmlElement[] = [],
): readonly (XmlElement | undefined)[] {
  const { checksum } = record
  return [
    ['Key', encode(record.key)],
    ...identity,
    ['LastModified', new Date(record.lastModified).toISOString()],
    ['ETag', `"${record.etag}"`],
    checksum && ['ChecksumAlgorithm', checksum.algorithm],
    checksum && ['ChecksumType', checksum.type],
    ['Size', record.size],
    withOwner ? ['Owner', ownerElements()] : undefined,
    ['StorageClass', storageClassOf(record)],
  ]
}

/** A `CommonPrefixes` element. */
export function commonPrefix(prefix: string, encode: (key: string) => string): XmlElement {
  return ['CommonPrefixes', [['Prefix', encode(prefix)]]]
}
