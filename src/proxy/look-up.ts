import { type HeaderList, headerValue } from '../base/header-list.ts'
import { EMPTY_SHA256 } from '../s3/payload-mode.ts'
import type { Resource } from '../s3/resource.ts'
import type { Addressed } from '../upstream/destination.ts'
import { signUpstream } from '../upstream/sign-upstream.ts'
import type { AnswerHead } from '../upstream/upstream-answer.ts'
import { askUpstream } from './ask-upstream.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'

/** What does not come in this time is missing. */
const LOOK_UP_MS = 10_000

/**
 * Asks S3 with one HEAD of our own how an object is encrypted; gives the answer's headers, or none
 * where S3 does not say. `versionId` pins the version that the upload made, where S3 told it.
 */
export async function lookUpEncryption(
  gate: Gate,
  exchange: Exchange,
  { bucket, key }: Pick<Resource, 'bucket' | 'key'>,
  versionId: string | undefined,
): Promise<HeaderList> {
  const query = versionId === undefined ? [] : [{ name: 'versionId', value: versionId }]
  const head = await askHead(gate, exchange, { bucket, key, query })
  return head?.status === 200 ? head.headers : []
}

/**
 * Asks S3 with one HEAD of the bucket where it is: S3 names the region in every answer to it, errors
 * too, also to those who may not read the bucket. Undefined: it does not.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
 */
export async function lookUpRegion(
  gate: Gate,
  exchange: Exchange,
  bucket: string | undefined,
): Promise<string | undefined> {
  const head = await askHead(gate, exchange, { bucket, key: undefined, query: [] })
  return head === undefined ? undefined : headerValue(head.headers, 'x-amz-bucket-region')
}

async function askHead(
  gate: Gate,
  exchange: Exchange,
  addressed: Addressed,
): Promise<AnswerHead | undefined> {
  const destination = gate.upstream.destinationOf(addressed)
  if (!destination.ok) return undefined
  const { host, origin, path, query } = destination.value
  const signed = signUpstream(
    gate.upstream,
    gate.upstreamKeys,
    {
      method: 'HEAD',
      destination: destination.value,
      client: exchange.client,
      bucket: addressed.bucket,
      headers: ['host', host],
      payloadHash: EMPTY_SHA256,
    },
    Date.now(),
  )
  if (!signed.ok) return undefined
  return askUpstream(gate, exchange, {
    method: 'HEAD',
    origin,
    path: query === '' ? path : `${path}?${query}`,
    headers: signed.value.headers,
    timeoutMs: LOOK_UP_MS,
  })
}
