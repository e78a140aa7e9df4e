import { headerValue } from '../base/header-list.ts'
import type { S3Request } from '../request/read-request.ts'
import { errorCodeIn } from '../s3/error-code.ts'
import { childText, parseXml } from '../s3/xml.ts'
import { type DocumentTap, tapDocument } from '../upstream/document-tap.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { isSuccess } from '../upstream/upstream-answer.ts'

import { DELETION_BYTES_MAX } from './deletion-outcome.ts'

/** Facts that only the document of an answer contains. */
export interface AnswerFacts {
  /** Without its quotes. */
  readonly etag: string | undefined
  readonly uploadId: string | undefined
  /** S3's error code. */
  readonly errorCode: string | undefined
  /** The status is a success, but the document is an error. */
  readonly isLateError: boolean
}

export const NO_FACTS: AnswerFacts = {
  etag: undefined,
  uploadId: undefined,
  errorCode: undefined,
  isLateError: false,
}

/**
 * Limit of an inspected document; real ones have less than 1 KiB. S3 may send blanks before them
 * for minutes.
 */
const DOCUMENT_BYTES_MAX = 64 * 1024

/**
 * Copies a document that the record needs: errors, and the results of operations whose head does
 * not name the ETag or the upload. Undefined for any other answer. `isHeldList`: it is the answer to
 * a held list of objects to delete.
 */
export function tapAnswer(
  { operation, method }: S3Request,
  { head, answer }: Forwarded,
  isHeldList: boolean,
): DocumentTap | undefined {
  if (method === 'HEAD') return undefined
  const isTold = isSuccess(head) ? tellsInDocument(operation.name) : head.status >= 400
  const isEmpty = headerValue(head.headers, 'content-length') === '0'
  const bytesMax = isHeldList ? DELETION_BYTES_MAX : DOCUMENT_BYTES_MAX
  return (isTold || isHeldList) && !isEmpty ? tapDocument(answer, bytesMax) : undefined
}

/** Reads the document of an answer with this status; an invalid one yields no facts. */
export function readFacts(document: Buffer, status: number): AnswerFacts {
  if (status >= 400) return { ...NO_FACTS, errorCode: errorCodeIn(document) }
  const parsed = parseXml(document.toString('utf8').trim(), DOCUMENT_BYTES_MAX)
  if (!parsed.ok) return NO_FACTS
  const root = parsed.value
  if (root.name === 'Error') {
    return { ...NO_FACTS, errorCode: errorCodeIn(document), isLateError: status < 300 }
  }
  const etag = childText(root, 'ETag')
  return {
    ...NO_FACTS,
    etag: etag === undefined ? undefined : withoutQuotes(etag),
    uploadId: childText(root, 'UploadId'),
  }
}

/**
 * Returns an ETag without quotes, as S3 Inventory writes it, so that a JSON line needs no escapes.
 */
export function withoutQuotes(etag: string): string {
  return etag.startsWith('"') && etag.endsWith('"') ? etag.slice(1, -1) : etag
}

function tellsInDocument(name: S3Request['operation']['name']): boolean {
  switch (name) {
    case 'CopyObject':
    case 'UploadPartCopy':
    case 'CompleteMultipartUpload':
    case 'CreateMultipartUpload':
      return true
    default:
      return false
  }
}
