import type { HeaderList } from '../base/header-list.ts'

/**
 * Fields that belong to one connection and are never forwarded.
 *
 * Source: RFC 9110 section 7.6.1; `proxy-connection` from practice.
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Returns whether the (lower-case) field name is always hop-by-hop. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name)
}

/**
 * Returns the names that the Connection fields nominate as hop-by-hop, in lower case; undefined if
 * they nominate only `close` and `keep-alive`, which is nearly always.
 */
export function connectionNominees(headers: HeaderList): ReadonlySet<string> | undefined {
  let nominees: Set<string> | undefined
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== 'connection') continue
    const value = (headers[i + 1] ?? '').toLowerCase()
    if (value === 'keep-alive' || value === 'close') continue
    nominees ??= new Set()
    for (const token of value.split(',')) nominees.add(token.trim())
  }
  return nominees
}
