import { headerValue } from '../base/header-list.ts'
import { type FormField, isMeaningfulField } from '../body/form-fields.ts'
import type { EncryptionEdit } from '../policy/decision.ts'
import { removesHeader } from '../policy/removes-header.ts'
import { encodeUriComponentRfc3986 } from '../s3/percent-encoding.ts'
import type { Resource } from '../s3/resource.ts'
import { buildXml, childText, parseXml } from '../s3/xml.ts'
import type { PostField } from '../sigv4/post-authentication.ts'
import { type AnswerHead, answerHead } from '../upstream/upstream-answer.ts'

/** Fields that speak of the answer or the address, not of the object; ours take their place. */
const ANSWERED_HERE: ReadonlySet<string> = new Set([
  'bucket',
  'key',
  'redirect',
  'success_action_redirect',
  'success_action_status',
])

/**
 * The fields of our form, before its authentication: the client's that mean something to S3, the key
 * as it was judged, the encryption that the policy obliges to, and the wish for a 201, whose document
 * tells the ETag.
 */
export function upstreamFields(
  fields: readonly FormField[],
  key: string,
  encryption: EncryptionEdit,
): readonly PostField[] {
  const list: PostField[] = [{ name: 'key', value: key }]
  for (const field of fields) {
    if (ANSWERED_HERE.has(field.key) || !goesOn(field)) continue
    if (removesHeader(encryption, field.key)) continue
    list.push({ name: field.name, value: field.value })
  }
  if (encryption.kind === 'set') {
    const { headers } = encryption
    for (let i = 0; i < headers.length; i += 2) {
      list.push({ name: headers[i] ?? '', value: headers[i + 1] ?? '' })
    }
  }
  list.push({ name: 'success_action_status', value: '201' })
  return list
}

/**
 * As with headers, a name that some server could take for another spelling of one that was judged
 * (`x-amz-server_side_encryption`) stays here. Metadata may have any name.
 */
function goesOn({ name, key }: FormField): boolean {
  if (!isMeaningfulField(key)) return false
  return /^[a-z0-9-]+$/i.test(name) || name.toLowerCase().startsWith('x-amz-meta-')
}

const DOCUMENT_CHARS_MAX = 16 * 1024

/** What the client's answer is made of. */
export interface PostAnswerFacts {
  readonly resource: Resource
  /** The client's way to the object. */
  readonly location: string
  readonly successStatus: string | undefined
  readonly successRedirect: string | undefined
  readonly upstreamHead: AnswerHead
  /** S3's `<PostResponse>`. */
  readonly upstreamDocument: string
}

/**
 * The answer to a form that was stored: 303 to the redirect where one is asked for (with `bucket`,
 * `key` and `etag` appended), else 200, 201 with a document, or 204, which is also what any other
 * value gives. The Location is the proxy's own: S3's would show the way around it.
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

/** In the head, as AWS has it, or only in the document, as Ceph RGW has it. */
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

/** S3's answer's fields as S3 spells them, those apart that describe its document or its address. */
function withoutBody({ headers, rawHeaders }: AnswerHead): readonly string[] {
  const list: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]
    if (name === 'location' || name === 'content-length' || name === 'content-type') continue
    list.push(rawHeaders[i] ?? '', headers[i + 1] ?? '')
  }
  return list
}

/** Undefined where there is none, or none that S3 would take: then the status is what counts. */
function redirectTarget(
  redirect: string | undefined,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
): string | undefined {
  if (redirect === undefined || !/^https?:\/\/[\x21-\x7e]+$/i.test(redirect)) return undefined
  const encode = encodeUriComponentRfc3986
  return addToQuery(redirect, `bucket=${encode(bucket)}&key=${encode(key)}&etag=${encode(etag)}`)
}

/** Adds parameters to a URL's query, which ends before the fragment. No other byte changes. */
function addToQuery(url: string, parameters: string): string {
  const hash = url.indexOf('#')
  const end = hash < 0 ? url.length : hash
  return url.slice(0, end) + separatorAfter(url.slice(0, end)) + parameters + url.slice(end)
}

function separatorAfter(address: string): string {
  if (!address.includes('?')) return '?'
  return address.endsWith('?') || address.endsWith('&') ? '' : '&'
}
