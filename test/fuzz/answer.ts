import type { S3Request } from './s3-reading.ts'
import { demandOf, FOREIGN_KEY } from './world.ts'

/* What the recorder answers: as S3 does, and then as the case's edits have it. */

/** An answer in the making; edits write on it. */
export interface AnswerDraft {
  /** Whole interim answers before it. */
  interim: string[]
  statusLine: string
  fields: [name: string, value: string][]
  body: Buffer
  framing: 'length' | 'chunked' | 'close' | 'none'
  /** Behind the answer. */
  extra: string
  /** Bytes from the end that are never sent; the connection then ends. */
  missing: number
}

/** A change to the answer to a case's request. */
export interface AnswerEdit {
  readonly name: string
  readonly apply: (answer: AnswerDraft) => void
}

const SSE = 'x-amz-server-side-encryption'

/** What S3 would answer to that, if it did what it was told. A form's key stands in its fields. */
export function answerOf(request: S3Request, key: string): AnswerDraft {
  const answer: AnswerDraft = {
    interim: [],
    statusLine: 'HTTP/1.1 200 OK',
    fields: [
      ['x-amz-id-2', 'id2'],
      ['x-amz-request-id', 'FUZZREQUEST'],
      ['Server', 'AmazonS3'],
    ],
    body: Buffer.alloc(0),
    framing: 'length',
    extra: '',
    missing: 0,
  }
  const { operation, bucket = '' } = request
  if (isAboutObject(operation)) answer.fields.push(...encryptionOf(bucket, key))
  const document = DOCUMENTS[operation]
  if (operation.startsWith('DELETE')) answer.statusLine = 'HTTP/1.1 204 No Content'
  else if (operation === 'POST bucket+form') answer.statusLine = 'HTTP/1.1 201 Created'
  if (document !== undefined) {
    answer.body = Buffer.from(document)
    answer.fields.push(['Content-Type', 'application/xml'])
  } else if (operation.startsWith('GET')) answer.body = Buffer.from('content of the object')
  if (
    operation === 'PUT object' ||
    operation === 'PUT object+part' ||
    operation === 'POST bucket+form'
  )
    answer.fields.push(['ETag', '"0123456789abcdef0123456789abcdef"'])
  return answer
}

/** The bytes of an answer to that method. */
export function bytesOfAnswer(
  answer: AnswerDraft,
  method: string,
): { bytes: Buffer; ends: boolean } {
  const { interim, statusLine, fields, framing, extra, missing } = answer
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`)
  const isBodiless = method === 'HEAD' || / (204|304) /.test(statusLine)
  if (framing === 'length' && !/ 204 /.test(statusLine)) {
    lines.push(`Content-Length: ${answer.body.length}\r\n`)
  }
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked\r\n')
  if (framing === 'close') lines.push('Connection: close\r\n')
  const head = `${interim.join('')}${statusLine}\r\n${lines.join('')}\r\n`
  const { body } = answer
  const framed =
    framing === 'chunked'
      ? [
          Buffer.from(`${body.length === 0 ? '' : `${body.length.toString(16)}\r\n`}`),
          body,
          Buffer.from(body.length === 0 ? '0\r\n\r\n' : '\r\n0\r\n\r\n'),
        ]
      : [body]
  const whole = Buffer.concat([
    Buffer.from(head, 'latin1'),
    ...(isBodiless ? [] : framed),
    Buffer.from(extra, 'latin1'),
  ])
  const bytes = missing === 0 ? whole : whole.subarray(0, Math.max(0, whole.length - missing))
  return { bytes, ends: missing > 0 || framing === 'close' || framing === 'none' }
}

/** The fields with which S3 says that it did what the policy asks. */
export function encryptionOf(bucket: string, key: string): [string, string][] {
  const demand = demandOf('', bucket, key)
  if (demand.kind !== 'encrypt') return [[SSE, 'AES256']]
  return [
    [SSE, demand.algorithm],
    [`${SSE}-aws-kms-key-id`, demand.keyId],
  ]
}

/** Another key's confirmation. */
export const FOREIGN_ENCRYPTION: readonly [string, string][] = [
  [SSE, 'aws:kms'],
  [`${SSE}-aws-kms-key-id`, FOREIGN_KEY],
]

function isAboutObject(operation: string): boolean {
  return /^((PUT|GET|HEAD) object(\+copy|\+part|\+part\+copy)?|POST object(\?uploads|\+complete)|POST bucket\+form)$/.test(
    operation,
  )
}

const DOCUMENTS: Readonly<Record<string, string>> = {
  'PUT object+copy': '<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>',
  'PUT object+part+copy': '<CopyPartResult><ETag>"e"</ETag></CopyPartResult>',
  'POST object?uploads':
    '<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>',
  'POST object+complete':
    '<CompleteMultipartUploadResult><Location>http://127.0.0.1/bucket/k</Location><ETag>"e-1"</ETag></CompleteMultipartUploadResult>',
  'POST bucket+form': '<PostResponse><ETag>"e"</ETag></PostResponse>',
  'POST bucket?delete': '<DeleteResult/>',
}
