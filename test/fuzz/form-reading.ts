import { hmac, type Signer, signingKey, timeOf } from './signature-reading.ts'
import { onlyValue, type WireField } from './wire-reading.ts'

/*
 * The fuzzer's own reading of a POST Object form and of the policy that signs it.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
 */

/** A form as S3 would read it. */
export interface Form {
  /** The closing boundary has come. */
  readonly isWhole: boolean
  /** Before the file; names in lower case. Values are bytes (latin1). */
  readonly fields: readonly WireField[]
  readonly file: Buffer
  readonly filename: string | undefined
}

/** A form, or why it is none. */
export type FormReading =
  | { readonly kind: 'form'; readonly form: Form }
  | { readonly kind: 'broken'; readonly why: string }

/** Who signed a form, or why nobody did. */
export type PolicyReading =
  | {
      readonly kind: 'signed'
      readonly signer: Signer
      /** The policy allows a file of that size; only known when all of it has come. */
      readonly allowsSize: boolean
    }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'invalid'; readonly why: string }

/** Reads a multipart body: fields, then exactly one part `file`; what follows the file does not count. */
export function readForm(contentType: string, body: Buffer): FormReading {
  const [, quoted, bare] =
    /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))\s*(?:;|$)/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined) return { kind: 'broken', why: 'boundary' }
  // A boundary stands at the start of a line; the first may be the body's first.
  const lines = Buffer.concat([Buffer.from('\r\n'), body])
  const { parts, isWhole } = splitParts(lines, `\r\n--${boundary}`)
  const fields: WireField[] = []
  for (const part of parts) {
    const end = part.indexOf('\r\n\r\n')
    if (end === -1) return { kind: 'broken', why: 'part head' }
    const head = part.toString('latin1', 0, end)
    const disposition = /^content-disposition:[ \t]*form-data([^\r\n]*)$/im.exec(head)?.[1] ?? ''
    const name = parameterOf(disposition, 'name')?.toLowerCase()
    if (name === undefined) return { kind: 'broken', why: 'part name' }
    const file = part.subarray(end + 4)
    if (name === 'file') {
      const filename = parameterOf(disposition, 'filename')
      return { kind: 'form', form: { fields, file, filename, isWhole } }
    }
    fields.push({ name, value: file.toString('latin1') })
  }
  return { kind: 'broken', why: 'no file' }
}

/** Verifies the policy's signature and holds the form against its conditions. */
export function readPolicy(
  form: Form,
  bucket: string,
  context: { readonly signers: readonly Signer[]; readonly region: string; readonly nowMs: number },
): PolicyReading {
  const policy = onlyValue(form.fields, 'policy')
  if (policy === undefined) return { kind: 'unsigned' }
  const signer = signerOf(policy, form.fields, context)
  if (typeof signer === 'string') return invalid(signer)
  const document = parseJson(Buffer.from(policy, 'base64').toString('utf8'))
  if (!isRecord(document) || !Array.isArray(document.conditions)) return invalid('policy document')
  if (!(Date.parse(String(document.expiration)) > context.nowMs)) return invalid('expiration')
  const conditions = document.conditions.flatMap(conditionsOf)
  const why = failedCondition(conditions, form, bucket)
  if (why !== undefined) return invalid(why)
  const allowsSize = conditions.every(
    (one) => one.kind !== 'range' || (form.file.length >= one.min && form.file.length <= one.max),
  )
  return { kind: 'signed', signer, allowsSize }
}

/** Whose signature the policy bears; a text: why it is nobody's. */
function signerOf(
  policy: string,
  fields: readonly WireField[],
  context: { readonly signers: readonly Signer[]; readonly region: string },
): Signer | string {
  const value = (name: string): string | undefined => onlyValue(fields, name)
  const [accessKeyId, day = '', ...scope] = (value('x-amz-credential') ?? '').split('/')
  const signer = context.signers.find((one) => one.accessKeyId === accessKeyId)
  if (signer === undefined) return 'key'
  if (scope.join('/') !== `${context.region}/s3/aws4_request`) return 'scope'
  if (value('x-amz-algorithm') !== 'AWS4-HMAC-SHA256') return 'algorithm'
  if (Number.isNaN(timeOf(value('x-amz-date') ?? ''))) return 'date'
  if (value('x-amz-security-token') !== signer.sessionToken) return 'session token'
  const key = signingKey(signer.secretAccessKey, day, context.region)
  return hmac(key, policy).toString('hex') === value('x-amz-signature') ? signer : 'signature'
}

/** The key with `${filename}` replaced. */
export function keyOf({ fields, filename }: Form): string | undefined {
  const key = onlyValue(fields, 'key')
  if (key === undefined || filename === undefined) return key
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this form.
  return key.replaceAll('${filename}', () => filename.replace(/^.*[/\\]/s, ''))
}

function invalid(why: string): PolicyReading {
  return { kind: 'invalid', why }
}

/** The parts between boundaries; the last one may have no end. */
function splitParts(
  body: Buffer,
  delimiter: string,
): { parts: readonly Buffer[]; isWhole: boolean } {
  const parts: Buffer[] = []
  let at = body.indexOf(delimiter, 0, 'latin1')
  while (at !== -1) {
    const lineEnd = body.indexOf('\r\n', at + delimiter.length)
    const rest = body.toString(
      'latin1',
      at + delimiter.length,
      lineEnd === -1 ? undefined : lineEnd,
    )
    if (rest.startsWith('--')) return { parts, isWhole: true }
    if (lineEnd === -1 || !/^[ \t]*$/.test(rest)) break
    const next = body.indexOf(delimiter, lineEnd, 'latin1')
    parts.push(body.subarray(lineEnd + 2, next === -1 ? undefined : Math.max(next, lineEnd + 2)))
    at = next
  }
  return { parts, isWhole: false }
}

function parameterOf(disposition: string, name: string): string | undefined {
  const [, quoted, bare] =
    new RegExp(`;[ \\t]*${name}[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]*))`, 'i').exec(
      disposition,
    ) ?? []
  return quoted?.replace(/\\(["\\])/g, '$1') ?? bare
}

const UNCONDITIONED: ReadonlySet<string> = new Set(['bucket', 'file', 'policy', 'x-amz-signature'])

function failedCondition(
  conditions: readonly Condition[],
  form: Form,
  bucket: string,
): string | undefined {
  const values = new Map(form.fields.map(({ name, value }) => [name, utf8Of(value)]))
  if (values.size < form.fields.length) return 'a field twice'
  if ((values.get('bucket') ?? bucket) !== bucket) return 'bucket'
  values.set('bucket', bucket)
  values.set('key', utf8Of(keyOf(form) ?? ''))
  const asked = new Set<string>()
  for (const condition of conditions) {
    if (condition.kind === 'range') continue
    asked.add(condition.name)
    if (!holds(condition, values.get(condition.name) ?? '')) return `condition on ${condition.name}`
  }
  const extra = [...values.keys()].find((name) => !asked.has(name) && needsCondition(name))
  return extra === undefined ? undefined : `no condition on ${extra}`
}

function holds({ value, isPrefix }: Match, found: string): boolean {
  if (!isPrefix) return found === value
  // On Content-Type it holds for each of a list, by AWS's page.
  return found.startsWith(value) || found.includes(',')
}

function needsCondition(name: string): boolean {
  return !UNCONDITIONED.has(name) && !name.startsWith('x-ignore-')
}

interface Match {
  readonly kind: 'match'
  readonly name: string
  readonly value: string
  readonly isPrefix: boolean
}

type Condition = Match | { readonly kind: 'range'; readonly min: number; readonly max: number }

function conditionsOf(condition: unknown): readonly Condition[] {
  if (Array.isArray(condition)) {
    const [operator, name, value] = condition
    if (String(operator).toLowerCase() === 'content-length-range') {
      return [{ kind: 'range', min: Number(name), max: Number(value) }]
    }
    const isPrefix = String(operator).toLowerCase() === 'starts-with'
    const field = String(name).replace(/^\$/, '').toLowerCase()
    return [{ kind: 'match', name: field, value: String(value), isPrefix }]
  }
  if (!isRecord(condition)) return []
  return Object.entries(condition).map(([name, value]) => ({
    kind: 'match',
    name: name.toLowerCase(),
    value: String(value),
    isPrefix: false,
  }))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface PolicyDocument {
  readonly expiration?: unknown
  readonly conditions?: unknown
}

function isRecord(value: unknown): value is PolicyDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Bytes as the text that they are. */
function utf8Of(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
