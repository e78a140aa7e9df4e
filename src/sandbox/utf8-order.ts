/** Orders strings as their UTF-8 bytes (UTF-16 order differs beyond U+FFFF). */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** The index of the first string that is not before `bound`, in a list of that order. */
export function lowerBound(sorted: readonly string[], bound: string, from = 0): number {
  return firstIndex(sorted, from, (text) => compareUtf8(text, bound) >= 0)
}

/** The index of the first string from `from` on without the prefix; those with it are adjacent. */
export function endOfPrefix(sorted: readonly string[], prefix: string, from: number): number {
  return firstIndex(sorted, from, (text) => !text.startsWith(prefix))
}

/** Binary search: `holds` is false up to an index and true after it. */
function firstIndex(
  sorted: readonly string[],
  from: number,
  holds: (text: string) => boolean,
): number {
  let low = from
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(sorted[middle] ?? '')) high = middle
    else low = middle + 1
  }
  return low
}

/** Surrogates encode code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
