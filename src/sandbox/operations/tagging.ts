import {
  type Answer,
  bucketOf,
  type Exchange,
  emptyAnswer,
  objectOf,
  xmlAnswer,
} from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { versionHeaders } from '../find-version.ts'
import type { Tag } from '../records.ts'
import { children, childText, readXml, writeXml } from '../xml.ts'
import { checkTags } from './object-head.ts'

const BUCKET_TAGS_MAX = 50

/** GetObjectTagging: an empty set if there are none. */
export function getObjectTagging(exchange: Exchange): Answer {
  const record = objectOf(exchange)
  return tagAnswer(record.tags, versionHeaders(bucketOf(exchange), record))
}

/** PutObjectTagging. */
export function putObjectTagging(exchange: Exchange): Answer {
  return replaceTags(exchange, readTagDocument(exchange.document), 200)
}

/** DeleteObjectTagging. */
export function deleteObjectTagging(exchange: Exchange): Answer {
  return replaceTags(exchange, [], 204)
}

function replaceTags(exchange: Exchange, tags: readonly Tag[], status: number): Answer {
  const bucket = bucketOf(exchange)
  const record = objectOf(exchange)
  bucket.replace({ ...record, tags })
  return emptyAnswer(status, versionHeaders(bucket, record))
}

/** GetBucketTagging. Throws `NoSuchTagSet`. */
export function getBucketTagging(exchange: Exchange): Answer {
  const { name, tags } = bucketOf(exchange).record
  if (tags.length === 0) throw new S3Fault('NoSuchTagSet', undefined, [['BucketName', name]])
  return tagAnswer(tags)
}

/** PutBucketTagging. */
export function putBucketTagging(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, tags: readTagDocument(exchange.document, BUCKET_TAGS_MAX) })
  return emptyAnswer(204)
}

/** DeleteBucketTagging. */
export function deleteBucketTagging(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, tags: [] })
  return emptyAnswer(204)
}

/** Reads a `Tagging` document. Throws `MalformedXML` or `InvalidTag`. */
export function readTagDocument(document: string, countMax?: number): readonly Tag[] {
  const set = children(readXml(document, 'Tagging'), 'TagSet')[0]
  if (set === undefined) throw new S3Fault('MalformedXML')
  const tags = children(set, 'Tag').map((tag): Tag => {
    const key = childText(tag, 'Key')
    const value = childText(tag, 'Value')
    if (key === undefined || value === undefined) throw new S3Fault('MalformedXML')
    return [key, value]
  })
  return checkTags(tags, countMax)
}

function tagAnswer(tags: readonly Tag[], headers: Record<string, string> = {}): Answer {
  return xmlAnswer(
    writeXml('Tagging', [
      [
        'TagSet',
        tags.map(
          ([key, value]) =>
            [
              'Tag',
              [
                ['Key', key],
                ['Value', value],
              ],
            ] as const,
        ),
      ],
    ]),
    headers,
  )
}
