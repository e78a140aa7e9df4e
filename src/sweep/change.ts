import { headerValue } from '../base/header-list.ts'
import { childText } from '../s3/xml.ts'
import { documentOf, type S3Refusal, type S3Reply, type Unanswered } from './s3-request.ts'

/** What became of a request that was to change an object. */
export type Change =
  | {
      readonly kind: 'made'
      /** Of the new version; undefined: S3 names none. */
      readonly versionId: string | undefined
      /** Of the copy, with its quotes; undefined: the data is as it was. */
      readonly etag: string | undefined
      readonly requestId: string | undefined
    }
  /**
   * Nothing was changed, because the object is not the same any more. Not certain: an attempt before
   * may have been what changed it.
   */
  | { readonly kind: 'moved'; readonly isCertain: boolean }
  /** Nothing was changed. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** S3 may have done it, or may still do it. */
  | { readonly kind: 'unclear'; readonly message: string }

/** The codes of a condition that did not hold, or of a write at the same time. */
const MOVED: ReadonlySet<string> = new Set([
  'PreconditionFailed',
  'ConditionalRequestConflict',
  'NoSuchKey',
  'NoSuchVersion',
  '412',
  '404',
])

/** Classifies a change that was not answered with a success. */
export function changeOf(reply: S3Refusal | Unanswered): Change {
  if (reply.kind === 'unanswered') return { kind: 'unclear', message: reply.reason }
  if (MOVED.has(reply.code)) return { kind: 'moved', isCertain: !reply.isRepeated }
  const message = `${reply.status} ${reply.message} (request id ${reply.requestId})`
  // A failure inside of S3 says nothing about what has been done.
  const isInside = reply.status >= 500 || reply.code === 'InternalError'
  return isInside && reply.status !== 501 && reply.code !== 'SlowDown'
    ? { kind: 'unclear', message: `${reply.code}: ${message}` }
    : { kind: 'refused', code: reply.code, message }
}

/** What became of a request that answers with the copy that it made, in a document with this root. */
export function copyChangeOf(reply: S3Reply, root: string): Change {
  if (reply.kind !== 'answer') return changeOf(reply)
  const document = documentOf(reply, root)
  const etag = document && childText(document, 'ETag')
  if (etag === undefined) return { kind: 'unclear', message: 'an answer in an unknown form' }
  return {
    kind: 'made',
    versionId: headerValue(reply.headers, 'x-amz-version-id'),
    etag,
    requestId: headerValue(reply.headers, 'x-amz-request-id'),
  }
}

/** A change that was not made, in words. */
export function describeChange(change: Change): string {
  switch (change.kind) {
    case 'moved':
      return 'S3 answers that the object has changed meanwhile'
    case 'refused':
    case 'unclear':
      return change.message
    case 'made':
      return 'S3 answers that it is done'
  }
}
