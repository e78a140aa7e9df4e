import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { decodePercent } from './percent-encoding.ts'
import { refusal } from './refusals.ts'
import { childText, hasOnly, hasOnlyTexts, parsePlainXml } from './xml.ts'

/** Tags by their keys. */
export type Tags = ReadonlyMap<string, string>

/** S3's limit for an object is ten; a document with more is S3's to refuse. */
const CHARACTERS_MAX = 64 * 1024
const TAGS_MAX = 1000

/**
 * Parses `x-amz-tagging`: `key=value&…`, percent-encoded like a query. Undefined if it cannot be read, or if a
 * key comes twice, because servers differ in which one they take.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export function parseTaggingHeader(value: string): Tags | undefined {
  const tags = new Map<string, string>()
  for (const pair of value.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const key = decodePercent(equals === -1 ? pair : pair.slice(0, equals))
    const text = equals === -1 ? '' : decodePercent(pair.slice(equals + 1))
    if (key === undefined || text === undefined || tags.has(key)) return undefined
    tags.set(key, text)
  }
  return tags
}

/**
 * Parses a `Tagging` document, of PutObjectTagging and of a form's field. Fails with MalformedXML unless it has
 * exactly S3's elements and each key once.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html
 */
export function parseTaggingDocument(text: string): Result<Tags, S3Error> {
  const parsed = parsePlainXml(text, CHARACTERS_MAX, TAGS_MAX)
  if (!parsed.ok) return parsed
  const root = parsed.value
  const [set, ...others] = root.children
  const isTagging =
    root.name === 'Tagging' && hasOnly(root, ['TagSet']) && set !== undefined && others.length === 0
  const tags = new Map<string, string>()
  for (const tag of set?.children ?? []) {
    const key = childText(tag, 'Key')
    const isTag = tag.name === 'Tag' && hasOnlyTexts(tag, ['Key', 'Value'])
    if (!isTag || key === undefined || tags.has(key)) return failure(refusal('xml-malformed'))
    tags.set(key, childText(tag, 'Value') ?? '')
  }
  return isTagging ? ok(tags) : failure(refusal('xml-malformed'))
}
