import { S3Fault } from './fault.ts'
import { children, childText, readXml, writeXml, type XmlElement, type XmlNode } from './xml.ts'

/** A rule of a bucket's CORS configuration; texts as they were given. */
export interface CorsRule {
  readonly id: string | undefined
  /** Each has one `*` at most. */
  readonly allowedHeaders: readonly string[]
  readonly allowedMethods: readonly CorsMethod[]
  /** Each has one `*` at most; may be empty texts. */
  readonly allowedOrigins: readonly string[]
  readonly exposeHeaders: readonly string[]
  readonly maxAgeSeconds: number | undefined
}

/** The methods that a rule can allow. */
export const CORS_METHODS = ['GET', 'PUT', 'HEAD', 'POST', 'DELETE'] as const

/** One of them. */
type CorsMethod = (typeof CORS_METHODS)[number]

const RULES_MAX = 100
const ID_CHARACTERS_MAX = 255
const DOCUMENT_BYTES_MAX = 65_536

/** The elements of a rule; white space between them is `#text`. */
const ELEMENTS: ReadonlySet<string> = new Set([
  '#text',
  'AllowedHeader',
  'AllowedMethod',
  'AllowedOrigin',
  'ExposeHeader',
  'ID',
  'MaxAgeSeconds',
])

/**
 * Reads a `CORSConfiguration` of 1 to 100 rules and 64 KB at most. Throws `MalformedXML`, and
 * `InvalidRequest` in S3's words for methods and wildcards that it does not take. No record of S3's
 * answers to too many rules, too large a document, too long an ID or a bad MaxAgeSeconds is known:
 * all but the size (`MaxMessageLengthExceeded`) are taken for breaches of the schema.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html and API_CORSRule.html;
 * texts as recorded from S3 by versitygw (issues 1863, 1870) and LocalStack (test_s3_cors)
 */
export function readCorsConfiguration(document: string): readonly CorsRule[] {
  if (Buffer.byteLength(document) > DOCUMENT_BYTES_MAX) {
    throw new S3Fault('MaxMessageLengthExceeded')
  }
  const rules = children(readXml(document, 'CORSConfiguration'), 'CORSRule')
  if (rules.length === 0 || rules.length > RULES_MAX) throw new S3Fault('MalformedXML')
  return rules.map(readRule)
}

/** Builds the document of GetBucketCors; unset members are absent. */
export function writeCorsConfiguration(rules: readonly CorsRule[]): string {
  return writeXml(
    'CORSConfiguration',
    rules.map((rule) => [
      'CORSRule',
      [
        rule.id === undefined ? undefined : ['ID', rule.id],
        ...elements('AllowedHeader', rule.allowedHeaders),
        ...elements('AllowedMethod', rule.allowedMethods),
        ...elements('AllowedOrigin', rule.allowedOrigins),
        ...elements('ExposeHeader', rule.exposeHeaders),
        rule.maxAgeSeconds === undefined ? undefined : ['MaxAgeSeconds', rule.maxAgeSeconds],
      ],
    ]),
  )
}

function elements(name: string, texts: readonly string[]): readonly XmlElement[] {
  return texts.map((text) => [name, text])
}

function readRule(node: XmlNode): CorsRule {
  const isKnown = Object.keys(node).every((name) => ELEMENTS.has(name))
  const allowedMethods = texts(node, 'AllowedMethod')
  const allowedOrigins = texts(node, 'AllowedOrigin')
  if (!isKnown || allowedMethods.length === 0 || allowedOrigins.length === 0) {
    throw new S3Fault('MalformedXML')
  }
  const allowedHeaders = texts(node, 'AllowedHeader')
  const exposeHeaders = texts(node, 'ExposeHeader')
  checkWildcards('AllowedOrigin', allowedOrigins)
  checkWildcards('AllowedHeader', allowedHeaders)
  checkExposed(exposeHeaders)
  return {
    id: readId(node),
    allowedHeaders,
    allowedMethods: allowedMethods.map(readMethod),
    allowedOrigins,
    exposeHeaders,
    maxAgeSeconds: readMaxAge(node),
  }
}

function texts(node: XmlNode, name: string): readonly string[] {
  return children(node, name).map(({ '#text': text }) => (typeof text === 'string' ? text : ''))
}

function readMethod(text: string): CorsMethod {
  const method = CORS_METHODS.find((candidate) => candidate === text)
  if (method !== undefined) return method
  throw new S3Fault(
    'InvalidRequest',
    `Found unsupported HTTP method in CORS config. Unsupported method is ${text}`,
  )
}

function checkWildcards(name: string, patterns: readonly string[]): void {
  const wrong = patterns.find((pattern) => pattern.indexOf('*') !== pattern.lastIndexOf('*'))
  if (wrong === undefined) return
  throw new S3Fault('InvalidRequest', `${name} "${wrong}" can not have more than one wildcard.`)
}

function checkExposed(names: readonly string[]): void {
  const wrong = names.find((name) => name.includes('*'))
  if (wrong === undefined) return
  throw new S3Fault(
    'InvalidRequest',
    `ExposeHeader "${wrong}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
  )
}

function readId(node: XmlNode): string | undefined {
  const id = childText(node, 'ID')
  const isOne = children(node, 'ID').length <= 1
  if (!isOne || (id !== undefined && id.length > ID_CHARACTERS_MAX)) {
    throw new S3Fault('MalformedXML')
  }
  return id
}

function readMaxAge(node: XmlNode): number | undefined {
  const found = texts(node, 'MaxAgeSeconds')
  const [text] = found
  if (text === undefined) return undefined
  const value = Number(text)
  if (found.length > 1 || !/^\d{1,10}$/.test(text) || value > 0x7fff_ffff) {
    throw new S3Fault('MalformedXML')
  }
  return value
}
