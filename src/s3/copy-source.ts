import { failure, ok, type Result } from '../base/result.ts'
import { parseBucketName } from './bucket-name.ts'
import type { S3Error } from './error.ts'
import { decodePercent, encodePath, encodeUriComponentRfc3986 } from './percent-encoding.ts'
import { refusal } from './refusals.ts'
import { KEY_BYTES_MAX } from './resource.ts'

/** The object that CopyObject and UploadPartCopy read. */
export interface CopySource {
  readonly bucket: string
  /** Decoded. */
  readonly key: string
  readonly versionId: string | undefined
}

const VERSION_PARAMETER = 'versionId='
const VERSION_ID_LENGTH_MAX = 1024

/**
 * Parses `x-amz-copy-source` (latin1, one character per byte): `bucket/key`, with or without a
 * leading slash and `?versionId=`; either the whole value or only the key is percent-encoded. `+`
 * is a space.
 *
 * Refused: 400 InvalidArgument `copy-source-invalid`; 400 InvalidBucketName for an invalid bucket
 * name, including ARNs and access point aliases (see {@link parseBucketName}).
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export function parseCopySource(
  value: string,
  configuredNames?: ReadonlySet<string>,
): Result<CopySource, S3Error> {
  const mark = value.indexOf('?')
  const path = decodePercent(mark === -1 ? value : value.slice(0, mark))
  if (path === undefined) return failure(refusal('copy-source-invalid', { value }))
  const versionId = mark === -1 ? undefined : parseVersionId(value.slice(mark + 1))
  if (mark !== -1 && versionId === undefined)
    return failure(refusal('copy-source-invalid', { value }))

  const start = path.startsWith('/') ? 1 : 0
  const slash = path.indexOf('/', start)
  const key = slash === -1 ? '' : path.slice(slash + 1)
  const name = slash === -1 ? path.slice(start) : path.slice(start, slash)
  if (name === '' || (key === '' && !name.startsWith('arn:')))
    return failure(refusal('copy-source-invalid', { value }))
  const bucket = parseBucketName(name, configuredNames)
  if (!bucket.ok) return bucket
  if (key === '' || Buffer.byteLength(key, 'utf8') > KEY_BYTES_MAX)
    return failure(refusal('copy-source-invalid', { value }))
  return ok({ bucket: bucket.value, key, versionId })
}

/** Builds the normal form for S3: `bucket/key`, encoded once, and `?versionId=` if there is one. */
export function serializeCopySource({ bucket, key, versionId }: CopySource): string {
  const path = `${encodeUriComponentRfc3986(bucket)}/${encodePath(key)}`
  if (versionId === undefined) return path
  return `${path}?${VERSION_PARAMETER}${encodeUriComponentRfc3986(versionId)}`
}

/** Undefined unless it is `versionId=` and a value. */
function parseVersionId(raw: string): string | undefined {
  if (!raw.startsWith(VERSION_PARAMETER) || raw.includes('&')) return undefined
  const versionId = decodePercent(raw.slice(VERSION_PARAMETER.length))
  if (versionId === undefined || versionId === '') return undefined
  return versionId.length > VERSION_ID_LENGTH_MAX ? undefined : versionId
}
