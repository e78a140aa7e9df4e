import { type HeaderList, headerCount } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { FormField } from '../body/form-fields.ts'
import type { FormHead } from '../body/form-head-reader.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import type { ExplainedRequest } from './explain-request.ts'

/** A request as a person types it. */
interface TypedRequest {
  readonly method: string
  /** A path (`/bucket/key`), a URL with `http://` or `https://`, or `s3://bucket/key`. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: HeaderList
  readonly form?: FormHead | undefined
}

/** Completes the request with the fields that every client sends but a person does not type. */
export function completeRequest(
  { method, url, headers, form }: TypedRequest,
  [firstHost = 'localhost']: readonly string[],
): ExplainedRequest {
  const { host = firstHost, rawTarget, isTls } = splitUrl(url)
  const list = headerCount(headers, 'host') > 0 ? [...headers] : ['host', host, ...headers]
  if (form !== undefined && headerCount(headers, 'content-type') === 0) {
    list.push('content-type', 'multipart/form-data; boundary=form')
  }
  const isFramed =
    headerCount(headers, 'content-length') > 0 || headerCount(headers, 'transfer-encoding') > 0
  const verb = method.toUpperCase()
  if (!isFramed && (verb === 'PUT' || verb === 'POST')) list.push('content-length', '0')
  return {
    method: verb,
    rawTarget,
    headers: list,
    isTls,
    form: form === undefined ? undefined : ok(form),
  }
}

interface SplitUrl {
  readonly host: string | undefined
  readonly rawTarget: string
  readonly isTls: boolean
}

/** Splits by hand: `new URL()` would rewrite the key. */
function splitUrl(url: string): SplitUrl {
  const [, bucket, key] = /^s3:\/\/([^/]*)(?:\/([\s\S]*))?$/.exec(url) ?? []
  if (bucket !== undefined) {
    // As in the AWS CLI, the key is not percent-encoded in this form.
    const rawTarget = `/${bucket}${key === undefined ? '' : `/${encodePath(key)}`}`
    return { host: undefined, rawTarget, isTls: false }
  }
  const match = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url)
  if (match === null) {
    const rawTarget = url.startsWith('/') ? url : `/${url}`
    return { host: undefined, rawTarget, isTls: false }
  }
  const [, scheme = '', host, rest = ''] = match
  const rawTarget = rest.startsWith('/') ? rest : `/${rest}`
  return { host, rawTarget, isTls: scheme.toLowerCase() === 'https' }
}

/**
 * Parses the fields of a form: one `name=value` per line; empty lines and lines that begin with `#`
 * are skipped. `file=NAME` names the file, which has no content here. The error names the line.
 */
export function parseFormLines(text: string): Result<FormHead, string> {
  const fields: FormField[] = []
  let filename: string | undefined
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue
    const cut = line.indexOf('=')
    if (cut < 1) return failure(`line ${i + 1}: write name=value`)
    const name = line.slice(0, cut)
    const key = name.toLowerCase()
    const value = line.slice(cut + 1)
    if (key === 'file' ? filename !== undefined : fields.some((field) => field.key === key)) {
      return failure(`line ${i + 1}: duplicate field ${name}`)
    }
    if (key === 'file') filename = value
    else fields.push({ name, key, value })
  }
  return ok({ fields, file: { name: 'file', filename, contentType: undefined }, length: 0 })
}

/** Converts the fields of a form from a mapping; `file` is the name of its file. */
export function readFormFields(named: Readonly<Record<string, string>>): FormHead {
  const fields: FormField[] = []
  let filename: string | undefined
  for (const [name, value] of Object.entries(named)) {
    const key = name.toLowerCase()
    if (key === 'file') filename = value
    else fields.push({ name, key, value })
  }
  return { fields, file: { name: 'file', filename, contentType: undefined }, length: 0 }
}
