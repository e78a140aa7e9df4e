/**
 * Header fields as a flat list `[name, value, name, value, …]`: names in lower case, values as
 * received, one character per byte (latin1), in wire order, duplicates kept.
 *
 * The list is flat because node:http returns (`rawHeaders`) and undici takes this form. Measured: a
 * Map or an object per request costs more than the few comparisons of a scan.
 */
export type HeaderList = readonly string[]

/** Converts node:http's `rawHeaders`: the same fields, names in lower case. */
export function headerListFromRaw(rawHeaders: readonly string[]): HeaderList {
  const list = new Array<string>(rawHeaders.length)
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    list[i] = lowerCaseName(rawHeaders[i] as string)
    list[i + 1] = rawHeaders[i + 1] as string
  }
  return list
}

/**
 * Returns a field's name in lower case. For usual names that is the string that the code is written
 * with: comparisons then compare addresses, and sets know the hash.
 */
export function lowerCaseName(name: string): string {
  return USUAL_NAMES.get(name) ?? name.toLowerCase()
}

/** In lower case, and with upper-case initials (`Content-Type`). */
const USUAL_NAMES: ReadonlyMap<string, string> = new Map(
  [
    'accept',
    'accept-encoding',
    'accept-ranges',
    'amz-sdk-invocation-id',
    'amz-sdk-request',
    'authorization',
    'cache-control',
    'connection',
    'content-encoding',
    'content-length',
    'content-md5',
    'content-range',
    'content-type',
    'date',
    'etag',
    'expect',
    'host',
    'if-match',
    'if-none-match',
    'keep-alive',
    'last-modified',
    'origin',
    'range',
    'server',
    'transfer-encoding',
    'user-agent',
    'x-amz-acl',
    'x-amz-checksum-crc32',
    'x-amz-checksum-crc64nvme',
    'x-amz-checksum-mode',
    'x-amz-checksum-sha256',
    'x-amz-checksum-type',
    'x-amz-content-sha256',
    'x-amz-copy-source',
    'x-amz-date',
    'x-amz-decoded-content-length',
    'x-amz-id-2',
    'x-amz-request-id',
    'x-amz-sdk-checksum-algorithm',
    'x-amz-security-token',
    'x-amz-server-side-encryption',
    'x-amz-server-side-encryption-aws-kms-key-id',
    'x-amz-server-side-encryption-bucket-key-enabled',
    'x-amz-storage-class',
    'x-amz-trailer',
    'x-amz-user-agent',
    'x-amz-version-id',
  ].flatMap((name): [string, string][] => [
    [name, name],
    [name.replace(/(?:^|-)[a-z]/g, (initial) => initial.toUpperCase()), name],
  ]),
)

/** Returns the value of the first field with that (lower-case) name; undefined if there is none. */
export function headerValue(list: HeaderList, name: string): string | undefined {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) return list[i + 1]
  }
  return undefined
}

/**
 * Returns the value that all fields with that (lower-case) name share. If the values differ,
 * returns all of them joined, so that the result equals none of them. Undefined if there is no such
 * field.
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

/** Counts the fields with that (lower-case) name. */
export function headerCount(list: HeaderList, name: string): number {
  let count = 0
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) count++
  }
  return count
}
