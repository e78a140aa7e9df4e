import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'
import { type FormField, isMeaningfulField } from '../body/form-fields.ts'
import type { Obligation } from '../policy/decision.ts'
import { removesHeader } from '../policy/removes-header.ts'
import { encodeUriComponentRfc3986 } from '../s3/percent-encoding.ts'
import type { Resource } from '../s3/resource.ts'
import { buildXml, childText, parseXml } from '../s3/xml.ts'
import type { PostField } from '../sigv4/post-authentication.ts'
import { type AnswerHead, answerHead } from '../upstream/upstream-answer.ts'

/** Fields about the answer or the address, not about the object; ours replace them. */
const ANSWERED_HERE: ReadonlySet<string> = new Set([
  'bucket',
  'key',
  'redirect',
  'success_action_redirect',
  'success_action_status',
])

/**
 * Returns the fields of our form, before its authentication: the client's fields that S3
 * interprets, the judged key, the policy's encryption, what the guards set, and a request for a 201, whose document has
 * the ETag.
 */
export function upstreamFields(
  fields: readonly FormField[],
  key: string,
  { encryption, guards }: Pick<Obligation, 'encryption' | 'guards'>,
): readonly PostField[] {
  const list: PostField[] = [{ name: 'key', value: key }]
  for (const field of fields) {
    if (ANSWERED_HERE.has(field.key) || !goesOn(field)) continue
    if (removesHeader(encryption, field.key)) continue
    if (guards !== undefined && headerCount(guards.set, field.key) > 0) continue
    list.push({ name: field.name, value: field.value })
  }
  if (encryption.kind === 'set') list.push(...fieldsOf(encryption.headers))
  if (guards !== undefined) list.push(...fieldsOf(guards.set))
  list.push({ name: 'success_action_status', value: '201' })
  return list
}

function fieldsOf(headers: HeaderList): readonly PostField[] {
  const fields: PostField[] = []
  for (let i = 0; i < headers.length; i += 2) {
    fields.push({ name: headers[i] ?? '', value: headers[i + 1] ?? '' })
  }
  return fields
}

/**
 * As with headers, a name that a server could read as another spelling of a judged one
 * (`x-amz-server_side_encryption`) is dropped. Metadata may have any name.
 */
function goesOn({ name, key }: FormField): boolean {
  if (!isMeaningfulField(key)) return false
  return /^[a-z0-9-]+$/i.test(name) || name.toLowerCase().startsWith('x-amz-meta-')
}

const DOCUMENT_CHARS_MAX = 16 * 1024

/** The inputs of the client's answer. */
export interface PostAnswerFacts {
  readonly resource: Resource
  /** The client's URL of the object. */
  readonly location: string
  readonly successStatus: string | undefined
  readonly successRedirect: string | undefined
  readonly upstreamHead: AnswerHead
  /** S3's `<PostResponse>`. */
  readonly upstreamDocument: string
}

/**
 * Builds the answer to a stored form: 303 to the redirect if the form has one (with `bucket`, `key`
 * and `etag` appended), otherwise 200, 201 with a document, or 204, also for any other value. The
 * Location is the proxy's own, because S3's would lead around the proxy.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export function buildPostAnswer(facts: PostAnswerFacts): { head: AnswerHead; body: Buffer } {
  const { location } = facts
  const { bucket = '', key = '' } = facts.resource
  const etag = etagOf(facts)
  const headers = withoutBody(facts.upstreamHead)
  const redirect = redirectTarget(facts.successRedirect, { bucket, key, etag })
  if (redirect !== undefined) return answer(303, headers, redirect, '')
  if (facts.successStatus === '201') {
    const document = buildXml([
      'PostResponse',
      [
        ['Location', location],
        ['Bucket', bucket],
        ['Key', key],
        ['ETag', etag],
      ],
    ])
    return answer(201, [...headers, 'Content-Type', 'application/xml'], location, document)
  }
  return answer(facts.successStatus === '200' ? 200 : 204, headers, location, '')
}

/** In the head, as in AWS, or only in the document, as in Ceph RGW. */
function etagOf({ upstreamHead, upstreamDocument }: PostAnswerFacts): string {
  const fromHead = headerValue(upstreamHead.headers, 'etag')
  if (fromHead !== undefined) return fromHead
  const document = parseXml(upstreamDocument, DOCUMENT_CHARS_MAX)
  return (document.ok ? childText(document.value, 'ETag') : undefined) ?? ''
}

function answer(
  status: number,
  rawHeaders: readonly string[],
  location: string,
  document: string,
): { head: AnswerHead; body: Buffer } {
  const body = Buffer.from(document, 'utf8')
  const length = status === 204 ? [] : ['Content-Length', String(body.length)]
  return { head: answerHead(status, [...rawHeaders, 'Location', location, ...length]), body }
}

/**
 * Returns the fields of S3's answer in S3's spelling, except those that describe its document or
 * its address.
 */
function withoutBody({ headers, rawHeaders }: AnswerHead): readonly string[] {
  const list: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]
    if (name === 'location' || name === 'content-length' || name === 'content-type') continue
    list.push(rawHeaders[i] ?? '', headers[i + 1] ?? '')
  }
  return list
}

/** Undefined if there is none, or one that S3 would reject: the status decides then. */
function redirectTarget(
  redirect: string | undefined,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
): string | undefined {
  if (redirect === undefined || !/^https?:\/\/[\x21-\x7e]+$/i.test(redirect)) return undefined
  const encode = encodeUriComponentRfc3986
  return addToQuery(redirect, `bucket=${encode(bucket)}&key=${encode(key)}&etag=${encode(etag)}`)
}

/** Adds parameters to a URL's query, which ends before the fragment. Changes no other byte. */
function addToQuery(url: string, parameters: string): string {
  const hash = url.indexOf('#')
  const end = hash < 0 ? url.length : hash
  return url.slice(0, end) + separatorAfter(url.slice(0, end)) + parameters + url.slice(end)
}

function separatorAfter(address: string): string {
  if (!address.includes('?')) return '?'
  return address.endsWith('?') || address.endsWith('&') ? '' : '&'
}
