import type { Field } from '../support/signer.ts'
import type { Answer } from '../support/wire.ts'
import { xmlText } from '../support/xml.ts'
import type { Run } from './run.ts'

/** Creates an upload for the case's own key; gives its id. */
export async function createUpload(run: Run, fields: readonly Field[] = []): Promise<string> {
  const answer = await run.ask('POST', { target: run.path(run.key, 'uploads'), fields })
  const uploadId = xmlText(answer.body, 'UploadId')
  if (uploadId === undefined) throw new Error(`no upload: ${answer.status} ${answer.body}`)
  return uploadId
}

/** Uploads a part. */
export function putPart(
  run: Run,
  uploadId: string,
  number: number,
  body: Buffer | string,
  fields: readonly Field[] = [],
): Promise<Answer> {
  const target = run.path(run.key, `partNumber=${number}&uploadId=${uploadId}`)
  return run.ask('PUT', { target, body, fields })
}

/** Completes an upload of these parts: number, ETag, and what else its element has. */
export function completeUpload(
  run: Run,
  uploadId: string,
  parts: readonly (readonly [number: number, etag: string, more?: string])[],
): Promise<Answer> {
  const list = parts.map(
    ([number, etag, more = '']) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${more}</Part>`,
  )
  return run.ask('POST', {
    target: run.path(run.key, `uploadId=${uploadId}`),
    body: `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`,
  })
}

/** The ETag that an answer names. */
export function etagOf(answer: Answer): string {
  return answer.headers.get('etag') ?? ''
}
