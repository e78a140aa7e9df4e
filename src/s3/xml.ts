import { XMLBuilder, XMLParser } from 'fast-xml-parser'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { refusal } from './refusals.ts'

/** A parsed element: its name without prefix, its own text, its child elements in order. */
export interface XmlElement {
  readonly name: string
  /** Entities decoded; text around children joined. Attributes are dropped. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

/** An element to write: text, or child elements in order. */
export type XmlNode = readonly [name: string, content: string | readonly XmlNode[]]

/** The limit of nesting; S3's own documents have at most seven levels. */
export const XML_DEPTH_MAX = 20

/**
 * The limit of start tags, end tags, comments and CDATA sections together; a restore with an output
 * has about 60.
 */
export const XML_TAGS_MAX = 1000

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/**
 * The text allowed before the root: a byte order mark, and a declaration that names no encoding but
 * UTF-8.
 */
const PROLOG =
  /^\ufeff?(?:<\?xml\s+version\s*=\s*(["'])1\.\d\1(?:\s+encoding\s*=\s*(["'])utf-8\2)?(?:\s+standalone\s*=\s*(["'])(?:yes|no)\3)?\s*\?>)?/i

const TEXT = '#text'
const CDATA = '#cdata'

const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  textNodeName: TEXT,
  cdataPropName: CDATA,
  maxNestedTags: XML_DEPTH_MAX,
})

const BUILDER = new XMLBuilder({
  preserveOrder: true,
  processEntities: false,
  textNodeName: TEXT,
  suppressEmptyNode: false,
})

/**
 * Parses a small document strictly: one root, well-formed, UTF-8, no DOCTYPE, no processing
 * instructions, no entities but XML's five and character references, at most `charactersMax` long,
 * `tagsMax` tags and {@link XML_DEPTH_MAX} levels. Otherwise returns 400 MalformedXML,
 * reason `xml-malformed` or `xml-too-large`.
 *
 * Input that another parser could read differently is refused, because S3 might then see another
 * document: a declared encoding other than UTF-8, and processing instructions. Our parser ends
 * these after their quotes, so it misses the `<b/>` in `<?a " ?><b/><?a " ?>`.
 */
export function parseXml(
  text: string,
  charactersMax: number,
  tagsMax = XML_TAGS_MAX,
): Result<XmlElement, S3Error> {
  // Checked before parsing: the parser's cost depends on elements, a hundred times that of text.
  if (text.length > charactersMax || hasTooManyTags(text, tagsMax)) {
    return failure(refusal('xml-too-large'))
  }
  const rest = text.replace(PROLOG, '')
  // The parser drops text after the root.
  const hasTail = !rest.trimEnd().endsWith('>')
  if (hasTail || rest.includes('<!DOCTYPE') || rest.includes('<?'))
    return failure(refusal('xml-malformed'))
  let nodes: unknown
  try {
    nodes = PARSER.parse(rest, true)
  } catch (cause) {
    return failure({ ...refusal('xml-malformed'), cause })
  }
  const roots = elementsOf(nodes)
  const root = roots?.[0]
  const isAlone = roots?.length === 1 && textOf(nodes)?.trim() === ''
  if (root === undefined || !isAlone) return failure(refusal('xml-malformed'))
  return ok(root)
}

/**
 * Parses a document that decides on access, like {@link parseXml}. Comments, CDATA sections and angle
 * brackets in attributes are refused too: no library writes them there, and parsers differ in what they make
 * of them.
 */
export function parsePlainXml(
  text: string,
  charactersMax: number,
  tagsMax: number,
): Result<XmlElement, S3Error> {
  const parsed = parseXml(text, charactersMax, tagsMax)
  return !parsed.ok || isPlain(text) ? parsed : failure(refusal('xml-malformed'))
}

/** Of a document that {@link parseXml} takes. U+FFFD stands for bytes that are not UTF-8. */
function isPlain(text: string): boolean {
  if (text.includes('\ufffd')) return false
  for (const [tag] of text.replace(PROLOG, '').matchAll(/<[^<>]*>?/g)) {
    const [, attributes] = TAG.exec(tag) ?? []
    if (attributes === undefined || !areAttributes(attributes)) return false
  }
  return true
}

/** A start tag with its attributes, or an end tag; `<!` and `<?` begin neither. */
const TAG = /^<\/?[A-Za-z_][\w.:-]*((?:\s[^<>]*?)?)\/?>$/

/** Whole attributes: a `>` in a quoted value does not end the tag, so its rest would be taken for text. */
const ATTRIBUTES = /^(?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<>&]*"|'[^'<>&]*'))*\s*$/
const ATTRIBUTES_MAX = 1024

/** Returns whether the text between a tag's name and its end is a short list of plain attributes. */
export function areAttributes(text: string): boolean {
  return text.length <= ATTRIBUTES_MAX && ATTRIBUTES.test(text)
}

/** Returns whether an element has no other children than these, each at most once. */
export function hasOnly({ children }: XmlElement, names: readonly string[]): boolean {
  const seen = new Set(children.map(({ name }) => name))
  return seen.size === children.length && children.every(({ name }) => names.includes(name))
}

/** The same, and these children have only text. */
export function hasOnlyTexts(element: XmlElement, names: readonly string[]): boolean {
  return hasOnly(element, names) && element.children.every(({ children }) => children.length === 0)
}

/** Returns the first child with that name. */
export function childOf(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.name === name)
}

/** Returns the text of the first child with that name. */
export function childText(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text
}

/** Returns whether a descendant has that name. */
export function hasDescendant(element: XmlElement, name: string): boolean {
  return element.children.some((child) => child.name === name || hasDescendant(child, name))
}

/** Builds a document as S3 does: a declaration, a line feed, no indentation. Text is escaped. */
export function buildXml(root: XmlNode): string {
  return DECLARATION + buildElement(root)
}

/** Builds the same element without the XML declaration. */
export function buildElement(root: XmlNode): string {
  return BUILDER.build([builderNode(root)])
}

/**
 * Escapes text for an element. Control characters, which XML does not allow, become character
 * references as S3 writes them (`&#11;`). Code points that valid text never has (lone surrogates,
 * U+FFFE, U+FFFF) become U+FFFD.
 */
export function escapeXml(text: string): string {
  let escaped = ''
  let start = 0
  for (let i = 0; i < text.length; i++) {
    // A code point above U+FFFF is a pair; undefined only after the end.
    const code = text.codePointAt(i) ?? 0
    const replacement = code > 0xffff ? undefined : replacementOf(code)
    if (replacement !== undefined) {
      escaped += text.slice(start, i) + replacement
      start = i + 1
    }
    if (code > 0xffff) i++
  }
  return start === 0 ? text : escaped + text.slice(start)
}

function hasTooManyTags(text: string, tagsMax: number): boolean {
  let tags = 0
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    tags += 1
    if (tags > tagsMax) return true
  }
  return false
}

/** The parser's ordered output: `[{ Name: [children] }, { '#text': 'text' }, …]`. */
function elementsOf(nodes: unknown): readonly XmlElement[] | undefined {
  if (!Array.isArray(nodes)) return undefined
  const elements: XmlElement[] = []
  for (const node of nodes) {
    for (const [name, content] of Object.entries(node)) {
      if (name === TEXT || name === CDATA) continue
      const children = elementsOf(content)
      const text = textOf(content)
      if (children === undefined || text === undefined) return undefined
      elements.push({ name, text, children })
    }
  }
  return elements
}

/** Undefined if it has an entity that XML does not define. */
function textOf(nodes: unknown): string | undefined {
  if (!Array.isArray(nodes)) return undefined
  let text = ''
  for (const node of nodes) {
    if (typeof node[TEXT] === 'string') {
      const decoded = decodeEntities(node[TEXT])
      if (decoded === undefined) return undefined
      text += decoded
    }
    if (Array.isArray(node[CDATA])) text += String(node[CDATA][0]?.[TEXT] ?? '')
  }
  return text
}

/** Text with entities decoded; undefined if one is none of XML's. */
export function decodeEntities(text: string): string | undefined {
  if (!text.includes('&')) return text
  let decoded = ''
  let start = 0
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', start)) {
    const end = text.indexOf(';', at)
    const character = end === -1 ? undefined : decodeEntity(text.slice(at + 1, end))
    if (character === undefined) return undefined
    decoded += text.slice(start, at) + character
    start = end + 1
  }
  return decoded + text.slice(start)
}

function decodeEntity(entity: string): string | undefined {
  switch (entity) {
    case 'amp':
      return '&'
    case 'lt':
      return '<'
    case 'gt':
      return '>'
    case 'quot':
      return '"'
    case 'apos':
      return "'"
  }
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(entity)
  if (digits === null) return undefined
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16)
  const isSurrogate = code >= 0xd800 && code <= 0xdfff
  return code > 0x10ffff || isSurrogate ? undefined : String.fromCodePoint(code)
}

function builderNode([name, content]: XmlNode): unknown {
  const children =
    typeof content === 'string'
      ? [{ [TEXT]: escapeXml(content) }]
      : content.map((node) => builderNode(node))
  return { [name]: children }
}

function replacementOf(code: number): string | undefined {
  switch (code) {
    case 0x26:
      return '&amp;'
    case 0x3c:
      return '&lt;'
    case 0x3e:
      return '&gt;'
    case 0x22:
      return '&quot;'
    case 0x27:
      return '&apos;'
  }
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return `&#${code};`
  const isSurrogate = code >= 0xd800 && code <= 0xdfff
  return isSurrogate || code >= 0xfffe ? '\ufffd' : undefined
}
