import type { CopySource } from '../s3/copy-source.ts'
import type { Resource } from '../s3/resource.ts'
import { type Asked, type Asker, ask, LOOK_UP_MS } from './ask.ts'
import type { AttemptNotes } from './attempts.ts'
import { bufferAnswer } from './buffer-answer.ts'
import type { Cancellation } from './cancellation.ts'
import type { Draft } from './draft.ts'
import { send } from './send.ts'
import type { Upstream } from './upstream.ts'

/*
 * Questions before the client's request is sent. They may be the first that S3 gets for a bucket, so that they follow
 * the region that it names, like the client's own.
 */

/** Asks S3 with one HEAD for the source of a copy. */
export function lookUpSource(
  upstream: Upstream,
  asker: Asker,
  { bucket, key, versionId }: CopySource,
): Promise<Asked> {
  const query = versionId === undefined ? [] : [{ name: 'versionId', value: versionId }]
  const question = { method: 'HEAD', addressed: { bucket, key, query }, fields: [] } as const
  return ask(upstream, asker, question, LOOK_UP_MS, { carry })
}

/** The result of our own request for a document. */
interface AskedDocument extends Asked {
  /** Undefined if it did not arrive whole and in time. */
  readonly document: Buffer | undefined
}

/** Asks S3 with one GET for a page of the parts of a multipart upload: those after `marker`. */
export async function listParts(
  upstream: Upstream,
  asker: Asker,
  { bucket, key }: Pick<Resource, 'bucket' | 'key'>,
  uploadId: string,
  marker: string,
): Promise<AskedDocument> {
  const query = [
    { name: 'max-parts', value: '1000' },
    { name: 'part-number-marker', value: marker },
    { name: 'uploadId', value: uploadId },
  ]
  const question = { method: 'GET', addressed: { bucket, key, query }, fields: [] } as const
  let buffered: ReturnType<typeof bufferAnswer> | undefined
  const asked = await ask(upstream, asker, question, LOOK_UP_MS, {
    carry,
    read: (forwarded) => {
      buffered = bufferAnswer(forwarded)
      return buffered
    },
  })
  const read = await buffered
  return { ...asked, document: read?.ok ? read.value.body : undefined }
}

function carry(
  upstream: Upstream,
  draft: Draft,
  cancellation: Cancellation,
  attempts: AttemptNotes,
) {
  return send(upstream, draft, Date.now(), cancellation, attempts)
}
