import { endOfPrefix, lowerBound } from './utf8-order.ts'

/** Which keys a listing walks. */
export interface KeyWalk {
  readonly prefix: string
  /** Empty: no key is rolled up. */
  readonly delimiter: string
  /** The walk begins here, with this key, but after this common prefix. */
  readonly from: string
}

/** A key, or a common prefix that represents all keys with it. */
type WalkedKey =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'prefix'; readonly prefix: string }

/**
 * Walks sorted keys as S3's listings do: a key that has the delimiter after the prefix is rolled up
 * to a common prefix, and all others with that are skipped at once. `isListed`: a key may have
 * nothing but a delete marker on top.
 */
export function* walkKeys(
  sortedKeys: readonly string[],
  walk: KeyWalk,
  isListed: (key: string) => boolean = () => true,
): Generator<WalkedKey> {
  const { prefix, from } = walk
  let i = Math.max(lowerBound(sortedKeys, prefix), lowerBound(sortedKeys, from))
  // Keys with the prefix are adjacent.
  for (let key = sortedKeys[i]; key?.startsWith(prefix); key = sortedKeys[i]) {
    const rolled = rolledUp(key, walk)
    if (rolled !== undefined && rolled === from) i = endOfPrefix(sortedKeys, rolled, i)
    else if (!isListed(key)) i++
    else if (rolled === undefined) {
      yield { kind: 'key', key }
      i++
    } else {
      yield { kind: 'prefix', prefix: rolled }
      i = endOfPrefix(sortedKeys, rolled, i)
    }
  }
}

/** Returns the common prefix that represents the key, if it has the delimiter. */
function rolledUp(key: string, { prefix, delimiter }: KeyWalk): string | undefined {
  const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
  return cut === -1 ? undefined : key.slice(0, cut + delimiter.length)
}
