import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { S3Fault } from './fault.ts'

/**
 * An XML element to write: a name, text or children, and attributes as they are written, with a
 * blank ahead. `undefined` children are left out.
 */
export type XmlElement = readonly [name: string, content: XmlContent, attributes?: string]

/** Text, or child elements in order. */
type XmlContent = string | number | boolean | readonly (XmlElement | undefined)[]

/** The namespace of S3's answers (its error documents have none). */
const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Writes a document of S3's: the declaration, a newline, the root element with the namespace. */
export function writeXml(root: string, children: XmlContent, namespace = S3_NAMESPACE): string {
  const attribute = namespace === '' ? '' : ` xmlns="${namespace}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${writeContent(children)}</${root}>`
}

/**
 * Writes an error document.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#RESTErrorResponses
 */
export function writeError(fault: S3Fault, requestId: string, hostId: string): string {
  return writeXml(
    'Error',
    [
      ['Code', fault.code],
      ['Message', fault.message],
      ...fault.extras,
      ['RequestId', requestId],
      ['HostId', hostId],
    ],
    '',
  )
}

function writeContent(content: XmlContent): string {
  if (typeof content === 'string') return escapeXml(content)
  if (typeof content === 'number' || typeof content === 'boolean') return String(content)
  let text = ''
  for (const element of content) {
    if (element !== undefined) {
      const [name, child, attributes = ''] = element
      text += `<${name}${attributes}>${writeContent(child)}</${name}>`
    }
  }
  return text
}

/** Escapes markup, and control characters as character references, as S3 does. */
export function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped.
  return text.replace(/[&<>"\u0000-\u001f\u007f]/g, (character) => {
    switch (character) {
      case '&':
        return '&amp;'
      case '<':
        return '&lt;'
      case '>':
        return '&gt;'
      case '"':
        return '&quot;'
      case '\n':
        return '\n'
      default:
        return `&#${character.charCodeAt(0)};`
    }
  })
}

/** A parsed element: children by name. Use `child`, `children` and `text` to read it. */
export type XmlNode = Readonly<Record<string, unknown>>

const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
})

/** Reads a document with that root. Throws `MalformedXML`; a DOCTYPE counts as malformed. */
export function readXml(document: string, root: string): XmlNode {
  if (document.includes('<!DOCTYPE') || XMLValidator.validate(document) !== true) {
    throw new S3Fault('MalformedXML')
  }
  const parsed = parse(document)
  if (!isRecord(parsed) || !(root in parsed)) throw new S3Fault('MalformedXML')
  const node = parsed[root]
  return isRecord(node) ? node : {}
}

/** Undefined if an element has a name that the parser rejects, such as `__proto__`. */
function parse(document: string): unknown {
  try {
    return parser.parse(document)
  } catch {
    return undefined
  }
}

/** The child elements of that name. */
export function children(node: XmlNode, name: string): readonly XmlNode[] {
  const value = node[name]
  if (value === undefined) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((item) => (isRecord(item) ? item : { '#text': item }))
}

/** Returns the text of the first child with that name; undefined if there is no such child. */
export function childText(node: XmlNode, name: string): string | undefined {
  const first = children(node, name)[0]
  if (first === undefined) return undefined
  const value = first['#text']
  return typeof value === 'string' ? value : ''
}

function isRecord(value: unknown): value is XmlNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
