import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml'
import { failure, ok, type Result } from '../base/result.ts'
import type { ConfigProblem } from './config.ts'
import type { ConfigPath } from './problems.ts'

/** A parsed YAML (or JSON) file with the positions of its values. */
export interface ConfigDocument {
  readonly value: unknown
  /**
   * Returns the position of the key or list entry; that of its nearest parent if it does not exist.
   */
  positionOf(path: ConfigPath): Position | undefined
}

/** Line and column, both from 1. */
interface Position {
  readonly line: number
  readonly column: number
}

/** The limit of a configuration text, in characters. */
export const DOCUMENT_CHARS_MAX = 1024 * 1024

/**
 * Parses YAML 1.2, core schema: no custom tags, no duplicate keys, at most 100 alias expansions. JSON is YAML, and is
 * parsed in a tenth of the time. Positions are only looked for when there is a problem.
 */
export function parseConfigDocument(
  text: string,
): Result<ConfigDocument, readonly ConfigProblem[]> {
  if (text.length > DOCUMENT_CHARS_MAX) {
    return failure([{ path: '', message: `longer than ${DOCUMENT_CHARS_MAX} characters` }])
  }
  const json = parseExactJson(text)
  if (json !== undefined) return ok({ value: json, positionOf: positionsOf(text) })
  const document = parseDocument(text, OPTIONS)
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) return failure(placedFaults(text))
  try {
    return ok({ value: document.toJS({ maxAliasCount: 100 }), positionOf: positionsOf(text) })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return failure([{ path: '', message: `not valid YAML: ${message}` }])
  }
}

/** Without places in lines, which cost a fifth more. */
const OPTIONS = { prettyErrors: false, version: '1.2' } as const

/** A string, which is kept, or white space outside of strings. */
const TOKENS = /("(?:[^"\\]|\\.)*"?)|\s+/g

/**
 * Parses a JSON object or list that is written as `JSON.stringify` would, white space apart. Undefined for all else,
 * also for what JSON takes and YAML refuses or reads in another way: a key that is there twice, a number that would
 * lose digits.
 */
function parseExactJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return JSON.stringify(value) === text.replace(TOKENS, '$1') ? value : undefined
}

/** Parses the text again, with lines, when the first position is asked for. */
function positionsOf(text: string): ConfigDocument['positionOf'] {
  let placed: ReturnType<typeof parsePlaced> | undefined
  return (path) => {
    placed ??= parsePlaced(text)
    const { document, lines } = placed
    const offset = offsetOf(document.contents, path, (node) => resolveAlias(node, document))
    if (offset === undefined) return undefined
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
}

function parsePlaced(text: string) {
  const lines = new LineCounter()
  const options = { ...OPTIONS, lineCounter: lines, prettyErrors: true }
  return { document: parseDocument(text, options), lines }
}

function placedFaults(text: string): readonly ConfigProblem[] {
  const { document } = parsePlaced(text)
  return [...document.errors, ...document.warnings].map((fault) => syntaxProblem(fault, text))
}

type Resolve = (node: unknown) => unknown

function resolveAlias(node: unknown, document: ReturnType<typeof parseDocument>): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

function offsetOf(root: Node | null, path: ConfigPath, resolve: Resolve): number | undefined {
  let node: unknown = root
  let offset = root?.range?.[0]
  for (const part of path) {
    const step = stepInto(resolve(node), part)
    if (step === undefined) return offset
    node = step.node
    offset = step.offset ?? offset
  }
  return offset
}

interface Step {
  readonly node: unknown
  readonly offset: number | undefined
}

function stepInto(parent: unknown, part: string | number): Step | undefined {
  if (isMap(parent)) {
    for (const { key, value } of parent.items) {
      if (isScalar(key) && String(key.value) === String(part)) {
        return { node: value, offset: key.range?.[0] }
      }
    }
    return undefined
  }
  if (!isSeq(parent) || typeof part !== 'number') return undefined
  const item = parent.items[part]
  if (item === undefined) return undefined
  return { node: item, offset: isNodeWithRange(item) ? item.range[0] : undefined }
}

function isNodeWithRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && Array.isArray(Reflect.get(node, 'range'))
}

function syntaxProblem(fault: YAMLError, text: string): ConfigProblem {
  const place = fault.linePos?.[0]
  // The library's message ends with an excerpt of the source, which may contain a secret.
  const [firstLine = ''] = fault.message.split('\n', 1)
  const [message = ''] = firstLine
    .replace(/ at line \d+, column \d+:?$/, '')
    .split('; please use YAML', 1)
  const hint = hintFor(fault, text)
  const base = { path: '', message: `not valid YAML: ${message}${hint}` }
  return place === undefined ? base : { ...base, line: place.line, column: place.col }
}

function hintFor(fault: YAMLError, text: string): string {
  const lineStart = text.lastIndexOf('\n', fault.pos[0] - 1) + 1
  const lineEnd = text.indexOf('\n', fault.pos[0])
  const line = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd)
  const [content = ''] = line.split('#', 1)
  if (/:\s*sandbox:$/.test(content.trimEnd())) {
    return ". Put text that ends with a colon in quotes: endpoint: 'sandbox:'"
  }
  if (fault.code === 'TAB_AS_INDENT') return '. Indent with spaces'
  if (fault.code === 'MULTIPLE_DOCS') return '. Remove everything after the ---'
  return ''
}
