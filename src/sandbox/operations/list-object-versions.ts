import type { BucketStore } from '../bucket-store.ts'
import { type Answer, bucketOf, type Exchange, xmlAnswer } from '../exchange.ts'
import { invalidArgument } from '../fault.ts'
import { ownerElements } from '../owner.ts'
import type { VersionRecord } from '../records.ts'
import { parameter } from '../request.ts'
import { sequenceOf } from '../version-id.ts'
import { walkKeys } from '../walk-keys.ts'
import { writeXml, type XmlElement } from '../xml.ts'
import {
  commonPrefix,
  encodingElements,
  keyEncoder,
  objectElements,
  parseCount,
} from './list-objects.ts'

/** The parameters of a listing of versions. */
interface VersionQuery {
  readonly prefix: string
  readonly delimiter: string
  /** The last key, or common prefix, of the page before; empty: the first page. */
  readonly keyMarker: string
  /** The last version of that key on the page before; undefined: all of them were there. */
  readonly versionIdMarker: string | undefined
  readonly countMax: number
}

/** A page of versions. */
interface VersionPage {
  /** In order: by key, the newest first. */
  readonly entries: readonly VersionPageEntry[]
  readonly isTruncated: boolean
}

/** A version, or a common prefix that represents many. */
type VersionPageEntry =
  | { readonly kind: 'version'; readonly record: VersionRecord; readonly isLatest: boolean }
  | { readonly kind: 'prefix'; readonly prefix: string }

/**
 * ListObjectVersions.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export function listObjectVersions(exchange: Exchange): Answer {
  const { request } = exchange
  const bucket = bucketOf(exchange)
  const encode = keyEncoder(request)
  const query = versionQuery(exchange)
  const page = versionPage(bucket, query)
  const last = page.entries.at(-1)
  return xmlAnswer(
    writeXml('ListVersionsResult', [
      ['Name', bucket.record.name],
      ['Prefix', encode(query.prefix)],
      ['KeyMarker', encode(query.keyMarker)],
      ['VersionIdMarker', query.versionIdMarker ?? ''],
      ...(page.isTruncated && last !== undefined ? nextMarkers(last, encode) : []),
      ['MaxKeys', query.countMax],
      query.delimiter === '' ? undefined : ['Delimiter', encode(query.delimiter)],
      ...encodingElements(request),
      ['IsTruncated', page.isTruncated],
      ...page.entries.map((entry) => entryElement(entry, encode)),
    ]),
  )
}

/** A page of a bucket's versions. */
function versionPage(
  bucket: Pick<BucketStore, 'keys' | 'versions'>,
  query: VersionQuery,
): VersionPage {
  const entries: VersionPageEntry[] = []
  for (const entry of versionEntries(bucket, query)) {
    if (entries.length >= query.countMax) return { entries, isTruncated: query.countMax > 0 }
    entries.push(entry)
  }
  return { entries, isTruncated: false }
}

function* versionEntries(
  bucket: Pick<BucketStore, 'keys' | 'versions'>,
  query: VersionQuery,
): Generator<VersionPageEntry> {
  const { keyMarker, versionIdMarker } = query
  for (const walked of walkKeys(bucket.keys(), { ...query, from: keyMarker })) {
    if (walked.kind === 'prefix') {
      yield walked
      continue
    }
    const versions = bucket.versions(walked.key)
    const isMarked = walked.key === keyMarker
    for (const record of isMarked ? versionsAfter(versions, versionIdMarker) : versions) {
      yield { kind: 'version', record, isLatest: record === versions[0] }
    }
  }
}

/** Returns the versions older than the marker, even if that version has been removed meanwhile. */
function versionsAfter(
  versions: readonly VersionRecord[],
  marker: string | undefined,
): readonly VersionRecord[] {
  if (marker === undefined) return []
  const at = versions.findIndex(({ versionId }) => versionId === marker)
  if (at !== -1) return versions.slice(at + 1)
  const sequence = sequenceOf(marker) ?? 0
  return versions.filter((record) => record.sequence < sequence)
}

function versionQuery({ request }: Exchange): VersionQuery {
  const keyMarker = parameter(request, 'key-marker') ?? ''
  const versionIdMarker = parameter(request, 'version-id-marker')
  if (versionIdMarker !== undefined && keyMarker === '') {
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      versionIdMarker,
    )
  }
  if (versionIdMarker === '') {
    throw invalidArgument('A version-id marker cannot be empty.', 'version-id-marker', '')
  }
  return {
    prefix: parameter(request, 'prefix') ?? '',
    delimiter: parameter(request, 'delimiter') ?? '',
    keyMarker,
    versionIdMarker,
    countMax: parseCount(request, 'max-keys'),
  }
}

function nextMarkers(
  last: VersionPageEntry,
  encode: (key: string) => string,
): readonly XmlElement[] {
  if (last.kind === 'prefix') return [['NextKeyMarker', encode(last.prefix)]]
  return [
    ['NextKeyMarker', encode(last.record.key)],
    ['NextVersionIdMarker', last.record.versionId],
  ]
}

function entryElement(entry: VersionPageEntry, encode: (key: string) => string): XmlElement {
  if (entry.kind === 'prefix') return commonPrefix(entry.prefix, encode)
  const { record, isLatest } = entry
  const identity: readonly XmlElement[] = [
    ['VersionId', record.versionId],
    ['IsLatest', isLatest],
  ]
  if (record.kind === 'object') {
    return ['Version', objectElements(record, encode, true, identity)]
  }
  return [
    'DeleteMarker',
    [
      ['Key', encode(record.key)],
      ...identity,
      ['LastModified', new Date(record.lastModified).toISOString()],
      ['Owner', ownerElements()],
    ],
  ]
}
