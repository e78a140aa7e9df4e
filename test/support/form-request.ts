import { headOf } from './chunked-request.ts'
import { type RawAnswer, RawConnection } from './raw-http.ts'
import { CLIENT, REGION } from './rig.ts'
import {
  amzDate,
  type Field,
  type Keys,
  type Scope,
  scopeText,
  signatureOf,
  signingKey,
} from './signer.ts'

/** A browser form to be sent octet by octet; what is left out is as a browser does it. */
export interface Form {
  readonly bucket?: string
  /** Before the authentication's own fields. */
  readonly fields?: readonly Field[]
  /** Beyond those of the bucket and the authentication; left out: one for each field. */
  readonly conditions?: readonly unknown[]
  /** The policy's text instead of all that. */
  readonly policy?: string
  /** The signer's clock; left out: the machine's. */
  readonly nowMs?: number
  readonly expiresInMs?: number
  readonly keys?: Keys
  /** Spoils what is signed. */
  readonly editPolicy?: (text: string) => string
  readonly file?: Buffer | string
  /** Of the file's part. */
  readonly disposition?: string
  /** Parts before the file and behind it, with their heads, without boundaries. */
  readonly before?: readonly string[]
  readonly after?: readonly string[]
  readonly boundary?: string
  /** As the Content-Type has it. */
  readonly boundaryText?: string
  /** Further fields of the request's head. */
  readonly headers?: readonly Field[]
  /** What stands behind the last part instead of the closing boundary. */
  readonly end?: string
  readonly noAuthentication?: boolean
  /** Another spelling of the authentication's fields' names. */
  readonly spell?: (name: string) => string
}

/** A part that is a plain field. */
export function fieldPart(name: string, value: string): string {
  return `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`
}

/** Signs a form and gives the octets of its body. */
export function buildForm(form: Form): Buffer {
  const boundary = form.boundary ?? '----WebKitFormBoundary7MA4YWxkTrZu0gW'
  const disposition = form.disposition ?? 'form-data; name="file"; filename="a file.bin"'
  const head = `Content-Disposition: ${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`
  const file = Buffer.concat([Buffer.from(head), Buffer.from(form.file ?? 'content')])
  const parts: readonly (Buffer | string)[] = [
    ...[...(form.fields ?? []), ...authentication(form)].map(([name, value]) =>
      fieldPart(name, value),
    ),
    ...(form.before ?? []),
    file,
    ...(form.after ?? []),
  ]
  const octets: Buffer[] = []
  for (const part of parts) {
    octets.push(Buffer.from(`--${boundary}\r\n`), Buffer.from(part), Buffer.from('\r\n'))
  }
  octets.push(Buffer.from(form.end ?? `--${boundary}--\r\n`))
  return Buffer.concat(octets)
}

function authentication(form: Form): readonly Field[] {
  if (form.noAuthentication) return []
  const { keys = CLIENT, spell = (name: string) => name, nowMs = Date.now() } = form
  const scope: Scope = { keys, region: REGION, date: amzDate(nowMs) }
  const own: readonly Field[] = [
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', `${keys.accessKeyId}/${scopeText(scope)}`],
    ['x-amz-date', scope.date],
  ]
  const fields = (form.fields ?? []).map(([name, value]) => ({ [name]: value }))
  const conditions = [
    { bucket: form.bucket ?? 'bucket' },
    ...own.map(([name, value]) => ({ [name]: value })),
    ...(form.conditions ?? fields),
  ]
  const expiration = new Date(nowMs + (form.expiresInMs ?? 600_000)).toISOString()
  const text = form.policy ?? JSON.stringify({ expiration, conditions })
  const policy = Buffer.from(text).toString('base64')
  const signature = signatureOf(signingKey(scope), policy)
  const sent = form.editPolicy?.(policy) ?? policy
  return [
    ...own.map(([name, value]): Field => [spell(name), value]),
    [spell('policy'), sent],
    [spell('x-amz-signature'), signature],
  ]
}

/** Sends the form, or its body as it is given. */
export async function postForm(
  port: number,
  form: Form,
  body: Buffer = buildForm(form),
): Promise<RawAnswer> {
  const connection = new RawConnection(port).write(formHead(port, form, body.length)).write(body)
  const answer = await connection.answer()
  connection.destroy()
  return answer
}

/** The request's head as octets. */
export function formHead(port: number, form: Form, length: number | undefined): string {
  const boundary = form.boundaryText ?? form.boundary ?? '----WebKitFormBoundary7MA4YWxkTrZu0gW'
  const framing: Field =
    length === undefined ? ['transfer-encoding', 'chunked'] : ['content-length', String(length)]
  return headOf('POST', `/${form.bucket ?? 'bucket'}`, [
    ['host', `127.0.0.1:${port}`],
    ['content-type', `multipart/form-data; boundary=${boundary}`],
    framing,
    ...(form.headers ?? []),
  ])
}
