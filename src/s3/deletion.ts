import { areAttributes, decodeEntities } from './xml.ts'

/** An object that DeleteObjects is to delete, or about which S3 answers. */
export interface DeletionEntry {
  readonly key: string
  readonly versionId: string | undefined
  /** S3's code, in an answer's `Error`. */
  readonly code: string | undefined
}

type DeletionRoot = 'Delete' | 'DeleteResult'

/** S3's limit for one request. */
const DELETION_KEYS_MAX = 1000

const NAME = /[A-Za-z][\w.-]*(?::[A-Za-z][\w.-]*)?/y
const PROLOG = /^\ufeff?\s*(?:<\?xml[^<>]*\?>)?\s*/

/**
 * Parses the document of DeleteObjects: the objects of a request (`Delete`, `Object`) or those of an
 * answer (`DeleteResult`, `Deleted` and `Error`). Parsed by hand, because a general XML parser takes 60 ms
 * for 1,000 keys. Undefined for syntax that no library writes (comments, CDATA, a DOCTYPE, elements that
 * S3 does not have there), and for more keys than S3 accepts.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export function readDeletion(
  document: string,
  rootName: DeletionRoot,
): readonly DeletionEntry[] | undefined {
  // As every XML parser does, so that the key is the one that S3 reads (XML 1.0 section 2.11).
  const text = document.replace(/\r\n?/g, '\n')
  const scanner = new Scanner(text, PROLOG.exec(text)?.[0].length ?? 0)
  const root = scanner.open()
  if (root?.name !== rootName) return undefined
  const entries = root.isEmpty ? [] : readEntries(scanner, rootName)
  return scanner.isAtEnd ? entries : undefined
}

/** An element of the root: an entry, or one that holds text. */
type ElementKind = 'entry' | 'text'

/** What S3 answers nobody may ask; what else it answers is no entry. */
const ELEMENTS: Readonly<Record<DeletionRoot, ReadonlyMap<string, ElementKind>>> = {
  Delete: new Map([
    ['Object', 'entry'],
    ['Quiet', 'text'],
  ]),
  DeleteResult: new Map([
    ['Deleted', 'entry'],
    ['Error', 'entry'],
  ]),
}
const OTHERS = { Delete: undefined, DeleteResult: 'text' } as const

function readEntries(
  scanner: Scanner,
  rootName: DeletionRoot,
): readonly DeletionEntry[] | undefined {
  const entries: DeletionEntry[] = []
  while (!scanner.close(rootName)) {
    const read = readChild(scanner, rootName)
    if (read === undefined) return undefined
    if (typeof read !== 'string') entries.push(read)
    if (entries.length > DELETION_KEYS_MAX) return undefined
  }
  return entries
}

/** One child of the root: an entry, or the text of another element. */
function readChild(scanner: Scanner, rootName: DeletionRoot): DeletionEntry | string | undefined {
  const element = scanner.open()
  const kind = element && (ELEMENTS[rootName].get(element.name) ?? OTHERS[rootName])
  if (element === undefined || kind === undefined) return undefined
  if (element.isEmpty) return ''
  return kind === 'text' ? scanner.text(element.name) : readEntry(scanner, element.name)
}

function readEntry(scanner: Scanner, name: string): DeletionEntry | undefined {
  const fields = new Map<string, string>()
  while (!scanner.close(name)) {
    const field = scanner.open()
    const text = field?.isEmpty ? '' : field && scanner.text(field.name)
    if (field === undefined || text === undefined || fields.has(field.name)) return undefined
    fields.set(field.name, text)
  }
  const key = fields.get('Key')
  if (key === undefined) return undefined
  const versionId = fields.get('VersionId')
  return { key, versionId: versionId === '' ? undefined : versionId, code: fields.get('Code') }
}

/** A place in a document that moves forward only. */
class Scanner {
  readonly #text: string
  #at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  get isAtEnd(): boolean {
    this.#skipSpace()
    return this.#at === this.#text.length
  }

  /** A start tag: its name without prefix, attributes left out. */
  open(): { readonly name: string; readonly isEmpty: boolean } | undefined {
    this.#skipSpace()
    const text = this.#text
    if (text[this.#at] !== '<') return undefined
    NAME.lastIndex = this.#at + 1
    const name = NAME.exec(text)?.[0]
    const end = text.indexOf('>', this.#at)
    if (name === undefined || end === -1) return undefined
    const isEmpty = text[end - 1] === '/'
    const rest = text.slice(this.#at + 1 + name.length, isEmpty ? end - 1 : end)
    if (!areAttributes(rest)) return undefined
    this.#at = end + 1
    return { name: localName(name), isEmpty }
  }

  /** The text up to an element's end, entities decoded; undefined if there is more than text. */
  text(name: string): string | undefined {
    const end = this.#text.indexOf('<', this.#at)
    if (end === -1) return undefined
    const text = decodeEntities(this.#text.slice(this.#at, end))
    this.#at = end
    return this.close(name) ? text : undefined
  }

  /** Returns whether that element ends here, and skips its end tag. */
  close(name: string): boolean {
    const from = this.#at
    this.#skipSpace()
    const text = this.#text
    if (text.startsWith('</', this.#at)) {
      const end = text.indexOf('>', this.#at)
      if (end !== -1 && localName(text.slice(this.#at + 2, end).trimEnd()) === name) {
        this.#at = end + 1
        return true
      }
    }
    this.#at = from
    return false
  }

  #skipSpace(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? '.')) this.#at++
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
