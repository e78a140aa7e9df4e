import type { HeaderList } from '../base/header-list.ts'

/** The headers whose presence selects the operation. */
export interface SelectingHeaders {
  readonly hasCopySource: boolean
  readonly hasRenameSource: boolean
  readonly hasObjectAttributes: boolean
  readonly hasOrigin: boolean
  readonly hasRequestMethod: boolean
  /** The content type is `multipart/form-data`. */
  readonly isForm: boolean
  /** A header of S3 Control or of Outposts. */
  readonly isS3Control: boolean
  /** The body is an archive that some servers unpack into objects. */
  readonly hasAutoExtract: boolean
  /** The name of a header in this list that occurs twice. */
  readonly duplicate: string | undefined
}

const COPY_SOURCE = 1
const RENAME_SOURCE = 2
const OBJECT_ATTRIBUTES = 4
const ORIGIN = 8
const REQUEST_METHOD = 16
const CONTENT_TYPE = 32
const S3_CONTROL = 64
const AUTO_EXTRACT = 128

const BITS: ReadonlyMap<string, number> = new Map([
  ['origin', ORIGIN],
  ['content-type', CONTENT_TYPE],
  ['x-amz-account-id', S3_CONTROL],
  ['x-amz-outpost-id', S3_CONTROL],
  ['x-amz-copy-source', COPY_SOURCE],
  ['x-amz-rename-source', RENAME_SOURCE],
  ['x-amz-object-attributes', OBJECT_ATTRIBUTES],
  ['access-control-request-method', REQUEST_METHOD],
  // MinIO and RustFS create one object for each file in the archive, under the file's name.
  ['x-amz-meta-snowball-auto-extract', AUTO_EXTRACT],
  ['x-amz-snowball-auto-extract', AUTO_EXTRACT],
])

/** Reads the selecting headers in one pass. Names are in lower case. */
export function readSelectingHeaders(headers: HeaderList): SelectingHeaders {
  let seen = 0
  let isForm = false
  let duplicate: string | undefined
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    const bit = bitOf(name)
    if (bit === 0) continue
    if ((seen & bit) !== 0 && bit !== OBJECT_ATTRIBUTES && bit !== S3_CONTROL) duplicate = name
    seen |= bit
    if (bit === CONTENT_TYPE) isForm = isFormType(headers[i + 1] ?? '')
  }
  return {
    hasCopySource: (seen & COPY_SOURCE) !== 0,
    hasRenameSource: (seen & RENAME_SOURCE) !== 0,
    hasObjectAttributes: (seen & OBJECT_ATTRIBUTES) !== 0,
    hasOrigin: (seen & ORIGIN) !== 0,
    hasRequestMethod: (seen & REQUEST_METHOD) !== 0,
    isForm,
    isS3Control: (seen & S3_CONTROL) !== 0,
    hasAutoExtract: (seen & AUTO_EXTRACT) !== 0,
    duplicate,
  }
}

/**
 * Compares the length first: a usual request has about fifteen headers and almost never one of
 * these.
 */
function bitOf(name: string): number {
  switch (name.length) {
    case 6:
    case 12:
    case 16:
    case 17:
    case 19:
    case 23:
    case 27:
    case 29:
    case 32:
      return BITS.get(name) ?? 0
    default:
      return 0
  }
}

/** Compares the media type without its parameters, in any case. */
function isFormType(value: string): boolean {
  const end = value.indexOf(';')
  const type = end === -1 ? value : value.slice(0, end)
  return type.trim().toLowerCase() === 'multipart/form-data'
}
