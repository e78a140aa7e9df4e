/**
 * Header fields as a flat list `[name, value, name, value, …]`: names in lower case, values as
 * received, one character per octet (latin1), in wire order, duplicates kept.
 *
 * A flat list because that is what node:http gives (`rawHeaders`) and undici takes, and because a
 * Map or an object per request was measured to cost more than the few comparisons of a scan.
 */
export type HeaderList = readonly string[]

/** Gives the list of node:http's `rawHeaders`: the same fields, names in lower case. */
export function headerListFromRaw(rawHeaders: readonly string[]): HeaderList {
  const list = new Array<string>(rawHeaders.length)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    list[i] = (rawHeaders[i] as string).toLowerCase()
    list[i + 1] = rawHeaders[i + 1] as string
  }
  return list
}

/** The value of the first field of that (lower-case) name; undefined where there is none. */
export function headerValue(list: HeaderList, name: string): string | undefined {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) return list[i + 1]
  }
  return undefined
}

/**
 * The value that all fields of that (lower-case) name have; where they differ, all of their values in
 * one, so that it is none of them. Undefined where there is none.
 *
 * Source: RFC 9110 section 5.3
 */
export function combinedValue(list: HeaderList, name: string): string | undefined {
  const first = headerValue(list, name)
  let combined = first
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1]
    if (list[i] !== name || (value === first && combined === first)) continue
    combined = `${combined}, ${value}`
  }
  return combined
}

/** How many fields bear that (lower-case) name. */
export function headerCount(list: HeaderList, name: string): number {
  let count = 0
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) count++
  }
  return count
}
