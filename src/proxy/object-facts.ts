import { headerValue } from '../base/header-list.ts'
import type { S3Request } from '../request/read-request.ts'
import type { AuditRecord } from '../telemetry/audit-record.ts'
import { isSuccess } from '../upstream/upstream-answer.ts'
import { type AnswerFacts, withoutQuotes } from './answer-facts.ts'
import type { Journal } from './journal.ts'

export type ObjectFacts = Pick<
  AuditRecord,
  'etag' | 'objectSize' | 'uploadId' | 'partNumber' | 'copySource'
>

const UPLOAD_ID_CHARS_MAX = 1024

/** Returns the facts that connect an audit line with an object, a part or an upload. */
export function objectFacts(
  request: S3Request,
  { etag: told, uploadId: begun, isLateError }: AnswerFacts,
  journal: Journal,
): ObjectFacts {
  const head = journal.attempts?.head
  const isDone = head !== undefined && isSuccess(head) && !isLateError
  const etag = told ?? (isDone ? journal.answered('etag') : undefined)
  const { query, copySource } = request
  return {
    etag: etag === undefined ? undefined : withoutQuotes(etag),
    objectSize: isDone ? sizeOf(request, journal) : undefined,
    uploadId: begun ?? queryValue(query, 'uploadId')?.slice(0, UPLOAD_ID_CHARS_MAX),
    partNumber: queryValue(query, 'partNumber'),
    copySource,
  }
}

/**
 * Returns the size of the written or read data in bytes. A copy's answer has no size; a completion
 * may declare it, and S3 compares it.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
function sizeOf({ operation, headers }: S3Request, journal: Journal): number | undefined {
  switch (operation.name) {
    case 'PutObject':
    case 'UploadPart':
      return parseSize(
        headerValue(headers, 'x-amz-decoded-content-length') ??
          headerValue(headers, 'content-length') ??
          '0',
      )
    case 'CompleteMultipartUpload':
      return parseSize(headerValue(headers, 'x-amz-mp-object-size'))
    case 'GetObject':
    case 'HeadObject':
      return parseSize(
        journal.answered('content-range')?.replace(/^.*\//, '') ??
          journal.answered('content-length'),
      )
    default:
      return undefined
  }
}

function parseSize(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function queryValue(query: S3Request['query'], name: string): string | undefined {
  for (const parameter of query) if (parameter.name === name) return parameter.value
  return undefined
}
