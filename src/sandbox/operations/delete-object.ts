import type { BucketStore } from '../bucket-store.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, keyOf, xmlAnswer } from '../exchange.ts'
import { invalidArgument, S3Fault } from '../fault.ts'
import { markerHeaders } from '../find-version.ts'
import { refuseProtected } from '../object-lock.ts'
import { header, parameter } from '../request.ts'
import { checkVersionId } from '../version-id.ts'
import { children, childText, readXml, writeXml, type XmlElement, type XmlNode } from '../xml.ts'
import { matchesEtag } from './get-object.ts'
import { wholeSeconds } from './put-object.ts'
import { checkRequiredDigest } from './required-digest.ts'
import { bypassesGovernance } from './retention.ts'

const KEYS_MAX = 1000

/** An object to delete. */
interface Deletion {
  readonly key: string
  /** Undefined means the current object. */
  readonly versionId: string | undefined
  /** `If-Match`, or the `ETag` of a DeleteObjects entry. */
  readonly etag: string | undefined
}

/** The result of a deletion. */
interface Deleted {
  /** The delete marker that was created or removed. */
  readonly markerVersionId: string | undefined
}

/**
 * DeleteObject: 204 whether or not there was one. A named version is removed permanently; otherwise
 * a versioned bucket gets a delete marker.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
 */
export function deleteObject(exchange: Exchange): Answer {
  const { request } = exchange
  refuseBypass(exchange)
  const versionId = parameter(request, 'versionId')
  const etag = header(request, 'if-match')
  const { markerVersionId } = remove(exchange, { key: keyOf(exchange), versionId, etag })
  return emptyAnswer(204, {
    ...(versionId === undefined ? {} : { 'x-amz-version-id': versionId }),
    ...(markerVersionId === undefined ? {} : markerHeaders(markerVersionId)),
  })
}

/** DeleteObjects: up to 1,000 keys and versions. The body has to come with a digest. */
export function deleteObjects(exchange: Exchange): Answer {
  refuseBypass(exchange)
  checkRequiredDigest(exchange.request)
  const root = readXml(exchange.document, 'Delete')
  const listed = children(root, 'Object')
  if (listed.length === 0 || listed.length > KEYS_MAX) throw new S3Fault('MalformedXML')
  const isQuiet = childText(root, 'Quiet') === 'true'
  const results = listed.map(readDeletion).map((deletion) => tryRemove(exchange, deletion))
  return xmlAnswer(
    writeXml(
      'DeleteResult',
      results.filter(([name]) => name === 'Error' || !isQuiet),
    ),
  )
}

function readDeletion(node: XmlNode): Deletion {
  const key = childText(node, 'Key')
  if (key === undefined) throw new S3Fault('MalformedXML')
  return { key, versionId: childText(node, 'VersionId'), etag: childText(node, 'ETag') }
}

/** A `Deleted` or an `Error` element. */
function tryRemove(exchange: Exchange, deletion: Deletion): XmlElement {
  const { key, versionId } = deletion
  const name: readonly (XmlElement | undefined)[] = [
    ['Key', key],
    versionId === undefined ? undefined : ['VersionId', versionId],
  ]
  try {
    if (versionId !== undefined) checkVersionId(versionId)
    const { markerVersionId } = remove(exchange, deletion)
    const marker: readonly XmlElement[] =
      markerVersionId === undefined
        ? []
        : [
            ['DeleteMarker', true],
            ['DeleteMarkerVersionId', markerVersionId],
          ]
    return ['Deleted', [...name, ...marker]]
  } catch (error) {
    if (!(error instanceof S3Fault)) throw error
    return ['Error', [...name, ['Code', error.code], ['Message', error.message]]]
  }
}

function remove(exchange: Exchange, deletion: Deletion): Deleted {
  const { key, versionId, etag } = deletion
  const bucket = bucketOf(exchange)
  const bypasses = bypassesGovernance(exchange)
  if (etag !== undefined) checkIfMatch(bucket, deletion, etag)
  if (versionId !== undefined) {
    const record = bucket.findVersion(key, versionId)
    if (record?.kind === 'object') refuseProtected(record.lock, exchange.now, bypasses)
    const removed = bucket.remove(key, versionId)
    return { markerVersionId: removed?.kind === 'delete-marker' ? versionId : undefined }
  }
  if (bucket.record.versioning === undefined) {
    bucket.remove(key, 'null')
    return { markerVersionId: undefined }
  }
  // While versioning is suspended, the marker replaces the version `null`.
  const marker = bucket.putDeleteMarker(key, wholeSeconds(exchange.now))
  return { markerVersionId: marker.versionId }
}

/** A bypass requires Object Lock. Throws `InvalidArgument`. */
function refuseBypass(exchange: Exchange): void {
  const name = 'x-amz-bypass-governance-retention'
  const value = header(exchange.request, name)
  if (bucketOf(exchange).record.lock !== undefined || value === undefined) return
  throw invalidArgument(`${name} is only applicable to Object Lock enabled buckets.`, name, value)
}

function checkIfMatch(bucket: BucketStore, { key, versionId }: Deletion, etag: string): void {
  const record = versionId === undefined ? bucket.find(key) : bucket.findVersion(key, versionId)
  if (record?.kind === 'object' && !matchesEtag(etag, record.etag)) {
    throw new S3Fault('PreconditionFailed', undefined, [['Condition', 'If-Match']])
  }
}
