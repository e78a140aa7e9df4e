import { type Change, copyChangeOf } from './change.ts'
import { checksumAlgorithm, keptFields, sourceFields } from './copy-fields.ts'
import type { EncryptTarget } from './object-version.ts'
import { askS3, type S3Link, type S3Question } from './s3-request.ts'
import type { Snapshot } from './snapshot.ts'

/** The limit of a copy, which S3 makes while we wait. */
export const COPY_TIMEOUT_MS = 60 * 60 * 1000

/** The request that copies the current object onto itself. */
export function copyQuestion(
  snapshot: Snapshot,
  target: Pick<EncryptTarget, 'headers'>,
  now: number,
): S3Question & { readonly fields: readonly string[] } {
  const { state, headers } = snapshot
  const algorithm = checksumAlgorithm(headers)
  return {
    method: 'PUT',
    bucket: state.version.bucket,
    key: state.version.key,
    timeoutMs: COPY_TIMEOUT_MS,
    copiedBytes: state.bytes,
    fields: [
      ...sourceFields(state),
      'if-match',
      state.etag,
      // S3 keeps them as they are, also what a header cannot show.
      'x-amz-metadata-directive',
      'COPY',
      'x-amz-tagging-directive',
      'COPY',
      ...(snapshot.annotations.length === 0 ? [] : ['x-amz-object-annotation-directive', 'COPY']),
      ...(algorithm === undefined ? [] : ['x-amz-checksum-algorithm', algorithm]),
      ...keptFields(snapshot, target.headers, now),
    ],
  }
}

/**
 * Copies the current object onto itself under another key. Nothing is written unless the object is
 * still that of the snapshot. S3 may answer 200 and report an error at the end of the body.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export async function copyInPlace(link: S3Link, question: S3Question): Promise<Change> {
  return copyChangeOf(await askS3(link, question), 'CopyObjectResult')
}
