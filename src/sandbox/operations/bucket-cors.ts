import { readCorsConfiguration, writeCorsConfiguration } from '../cors-configuration.ts'
import { type Answer, bucketOf, type Exchange, emptyAnswer, xmlAnswer } from '../exchange.ts'
import { S3Fault } from '../fault.ts'
import { checkRequiredDigest } from './required-digest.ts'

/** GetBucketCors. Throws `NoSuchCORSConfiguration`. */
export function getBucketCors(exchange: Exchange): Answer {
  const { name, cors } = bucketOf(exchange).record
  if (cors === undefined) {
    throw new S3Fault('NoSuchCORSConfiguration', undefined, [['BucketName', name]])
  }
  return xmlAnswer(writeCorsConfiguration(cors))
}

/** PutBucketCors: replaces the configuration at once. The body needs a digest. */
export function putBucketCors(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  checkRequiredDigest(exchange.request)
  bucket.update({ ...bucket.record, cors: readCorsConfiguration(exchange.document) })
  return emptyAnswer(200)
}

/** DeleteBucketCors: 204 whether or not there was one. */
export function deleteBucketCors(exchange: Exchange): Answer {
  const bucket = bucketOf(exchange)
  bucket.update({ ...bucket.record, cors: undefined })
  return emptyAnswer(204)
}
