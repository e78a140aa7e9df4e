import type { S3Client } from './s3-client.ts'
import { type Field, type Scope, scopeText, signatureOf, signingKey } from './signer.ts'
import type { Answer } from './wire.ts'

/** A browser form to send (POST Object). */
export interface FormRequest {
  readonly bucket: string
  /** Fields before the policy's own, in order. */
  readonly fields: readonly Field[]
  /** Conditions beyond those that the signature's fields need; undefined: one per field. */
  readonly conditions?: readonly unknown[]
  readonly file: Buffer | string
  readonly fileName?: string
  /** A file name on every field too, as Python's requests sends them. */
  readonly namedFields?: boolean
  /** What stands before the first boundary and behind the last. */
  readonly preamble?: string
  readonly epilogue?: string
  /** Neither a name nor a content type for the file part. */
  readonly bareFile?: boolean
  /** Fields put after the file, which S3 ignores. */
  readonly after?: readonly Field[]
  /** Request headers beside Content-Type. */
  readonly headers?: readonly Field[]
  /** Milliseconds until the policy expires. */
  readonly expiresInMs?: number
  readonly scope?: Partial<Scope>
  /** Spoils the signature. */
  readonly breakSignature?: boolean
  /** Leaves the file part out. */
  readonly omitFile?: boolean
}

const BOUNDARY = '----contract-form-boundary'

/** Signs the form's policy and posts it. */
export async function postForm(client: S3Client, form: FormRequest): Promise<Answer> {
  const scope = client.scope(form.scope)
  const own: readonly Field[] = [
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', `${scope.keys.accessKeyId}/${scopeText(scope)}`],
    ['x-amz-date', scope.date],
  ]
  const conditions = [
    { bucket: form.bucket },
    ...own.map(([name, value]) => ({ [name]: value })),
    ...(form.conditions ?? form.fields.map(([name, value]) => ({ [name]: value }))),
  ]
  const expiration = new Date(Date.now() + (form.expiresInMs ?? 600_000)).toISOString()
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')
  const signature = signatureOf(signingKey(scope), policy)
  const sent = form.breakSignature ? `${signature.slice(0, -1)}x` : signature
  const fields: readonly Field[] = [
    ...form.fields,
    ...own,
    ['policy', policy],
    ['x-amz-signature', sent],
  ]
  const filePart = form.omitFile ? [] : [filePartHead(form), Buffer.from(form.file), '\r\n']
  const parts = [
    form.preamble ?? '',
    ...fields.map((field) => fieldPart(field, form.namedFields)),
    ...filePart,
    ...(form.after ?? []).map((field) => fieldPart(field, form.namedFields)),
    `--${BOUNDARY}--\r\n`,
    form.epilogue ?? '',
  ]
  const type: Field = ['content-type', `multipart/form-data; boundary=${BOUNDARY}`]
  return client.sendBare(
    'POST',
    `/${form.bucket}`,
    [type, ...(form.headers ?? [])],
    Buffer.concat(parts.map((part) => Buffer.from(part))),
  )
}

function filePartHead({ fileName = 'file.bin', bareFile = false }: FormRequest): string {
  const name = bareFile ? '' : `; filename="${fileName}"`
  const type = bareFile ? '' : 'Content-Type: application/octet-stream\r\n'
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"${name}\r\n${type}\r\n`
}

function fieldPart([name, value]: Field, isNamed = false): string {
  const more = isNamed ? `; filename="${name}"` : ''
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`
}
