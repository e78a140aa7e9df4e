import type { HeaderList } from '../base/header-list.ts'
import { parseChecksum } from '../body/checksum.ts'
import { parseChecksumHeaderName } from '../body/checksum-trailer.ts'
import type { FormField } from '../body/form-fields.ts'
import type { WriteFacts } from '../policy/write-facts.ts'
import { BYPASS_HEADER, LOCK_MODE_HEADER, RETAIN_UNTIL_HEADER } from '../s3/retention.ts'
import { parseTaggingDocument, parseTaggingHeader } from '../s3/tagging.ts'
import { parseLength } from './parse-length.ts'
import type { S3Request } from './read-request.ts'

/** The parts of a request that say what it writes. */
export type WriteSource = Pick<
  S3Request,
  'headers' | 'form' | 'copySource' | 'payload' | 'operation'
>

/** Reads what a request says about the object that it writes. */
export function readWriteFacts(request: WriteSource): WriteFacts {
  const { headers, form } = request
  const stated = form === undefined ? headers : headersOf(form.fields)
  return {
    acls: valuesOf(stated, 'x-amz-acl'),
    grants: valuesOf(stated, 'x-amz-grant-', (name, prefix) => name.startsWith(prefix)),
    storageClasses: valuesOf(stated, 'x-amz-storage-class'),
    tags: form === undefined ? tagsOf(request) : tagsOfForm(form.fields),
    bytes: bytesOf(request),
    checksums: checksumsOf(stated),
    checksumAlgorithms: valuesOf(stated, 'x-amz-checksum-algorithm'),
    lockModes: valuesOf(stated, LOCK_MODE_HEADER),
    retainUntilDates: valuesOf(stated, RETAIN_UNTIL_HEADER),
    bypasses: valuesOf(stated, BYPASS_HEADER),
  }
}

/**
 * The fields of a form as headers: in a form, the header `x-amz-acl` has the name `acl`. A form has no
 * trailers.
 */
function headersOf(fields: readonly FormField[]): HeaderList {
  return fields
    .filter(({ key }) => key !== 'x-amz-trailer')
    .flatMap(({ key, value }) => [key === 'acl' ? 'x-amz-acl' : key, value])
}

/** A copy keeps the tags of its source, unless it says REPLACE; it may not be able to read them. */
function tagsOf({ headers, copySource }: WriteSource): WriteFacts['tags'] {
  const directives = valuesOf(headers, 'x-amz-tagging-directive')
  if (copySource !== undefined && !(directives.length === 1 && directives[0] === 'REPLACE')) {
    return 'source'
  }
  const [value = '', ...others] = valuesOf(headers, 'x-amz-tagging')
  return (others.length === 0 ? parseTaggingHeader(value) : undefined) ?? 'unreadable'
}

/** A form has its tags as a document. Some servers read a field with the header's name as well. */
function tagsOfForm(fields: readonly FormField[]): WriteFacts['tags'] {
  if (fields.some(({ key }) => key === 'x-amz-tagging')) return 'unreadable'
  const documents = fields.filter(({ key }) => key === 'tagging').map(({ value }) => value)
  if (documents.length === 0) return new Map()
  const parsed = documents.length === 1 ? parseTaggingDocument(documents[0] ?? '') : undefined
  return parsed?.ok ? parsed.value : 'unreadable'
}

const RANGE = /^bytes=(\d{1,15})-(\d{1,15})$/

/**
 * Of a form nothing is known before its file has passed; of a copied part, only a range says it; of a
 * completion, S3 compares what the client states.
 */
function bytesOf(request: WriteSource): number | undefined {
  const { headers, copySource, payload, operation } = request
  if (operation.name === 'CompleteMultipartUpload') {
    return parseLength(valuesOf(headers, 'x-amz-mp-object-size')[0])
  }
  if (copySource !== undefined) {
    const [, first, last] = RANGE.exec(valuesOf(headers, 'x-amz-copy-source-range')[0] ?? '') ?? []
    return last === undefined ? undefined : Number(last) - Number(first) + 1
  }
  if (operation.payload !== 'streaming') return undefined
  const isChunked = payload.kind === 'chunked'
  const name = isChunked ? 'x-amz-decoded-content-length' : 'content-length'
  return parseLength(valuesOf(headers, name)[0])
}

/** A checksum that is no checksum of its algorithm does not count. */
function checksumsOf(list: HeaderList): readonly string[] {
  const found: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] ?? ''
    const value = (list[i + 1] ?? '').trim()
    const algorithm = parseChecksumHeaderName(name)
    if (algorithm !== undefined && parseChecksum(algorithm, value) !== undefined) {
      found.push(algorithm.toUpperCase())
    }
    if (name === 'content-md5' && parseChecksum('md5', value) !== undefined) {
      found.push('Content-MD5')
    }
    if (name === 'x-amz-trailer') found.push(...trailersIn(value))
  }
  return found
}

/** The plan of the body refuses a trailer that is announced and does not come. */
function trailersIn(value: string): readonly string[] {
  return value
    .split(',')
    .map((name) => parseChecksumHeaderName(name.trim().toLowerCase())?.toUpperCase())
    .filter((algorithm) => algorithm !== undefined)
}

function valuesOf(
  list: HeaderList,
  wanted: string,
  isMeant = (name: string, wanted: string) => name === wanted,
): readonly string[] {
  const values: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    if (isMeant(list[i] ?? '', wanted)) values.push((list[i + 1] ?? '').trim())
  }
  return values
}
