import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { decodePercent } from './percent-encoding.ts'
import { parseQuery, type QueryParameter } from './query.ts'
import { refusal } from './refusals.ts'

/** A request target, split and decoded once. */
export interface Target {
  /** The path as received: latin1, one character per byte, begins with `/`. */
  readonly rawPath: string
  /**
   * The path decoded as UTF-8, `+` as a space. `.`, `..` and `//` are part of the key and are kept.
   */
  readonly path: string
  readonly query: readonly QueryParameter[]
}

/**
 * Parses the request target of node:http (latin1, one character per byte): origin-form only,
 * otherwise 400 InvalidURI with reason `target-form`. Splits by hand, because `new URL()` turns
 * `/a/%2e%2e/b//c` into `/b//c`: another key, another signature, another policy.
 *
 * Also refused: a raw `#`, space or control character (`target-form`), invalid `%XX` and bytes that
 * are not UTF-8 (`target-encoding`), and every query that {@link parseQuery} refuses.
 *
 * Source: RFC 9112 section 3.2.1
 */
export function parseTarget(rawTarget: string): Result<Target, S3Error> {
  if (rawTarget.charCodeAt(0) !== 0x2f) {
    return failure(refusal('target-form'))
  }
  const mark = rawTarget.indexOf('?')
  const rawPath = mark === -1 ? rawTarget : rawTarget.slice(0, mark)
  if (hasForbidden(rawTarget)) {
    return failure(refusal('target-form/characters'))
  }
  const path = decodePercent(rawPath)
  if (path === undefined) {
    return failure(refusal('target-encoding'))
  }
  const query = parseQuery(mark === -1 ? '' : rawTarget.slice(mark + 1))
  return query.ok ? ok({ rawPath, path, query: query.value }) : query
}

/** node:http accepts `#` anywhere in a target. */
function hasForbidden(rawTarget: string): boolean {
  for (let i = 0; i < rawTarget.length; i++) {
    const code = rawTarget.charCodeAt(i)
    if (code <= 0x20 || code === 0x23 || code === 0x7f) return true
  }
  return false
}
