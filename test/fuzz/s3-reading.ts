import { onlyValue, valuesOf, type WireField, type WireRequest } from './wire-reading.ts'

/*
 * The fuzzer's own reading of a request as S3 would take it: bucket, key, parameters, operation. Written
 * from AWS's API reference, without a look at the product's classifier, so that one mistake cannot hide
 * in both. All texts are bytes (latin1) after percent-decoding.
 */

/** A query parameter; `values` are its readings: a raw `+` may mean a space. */
export interface Parameter {
  readonly name: string
  readonly values: readonly string[]
}

/** What a request is to S3. */
export interface S3Request {
  readonly bucket: string | undefined
  readonly key: string | undefined
  /** The key where a raw `+` means a space. */
  readonly otherKey: string | undefined
  /** `PUT object`, `POST object?uploads`, `PUT object+copy`, …: method, level, what selects. */
  readonly operation: string
  readonly kind: OperationKind
  /** The query, without what authenticates and without headers that a presigned URL carries. */
  readonly parameters: readonly Parameter[]
  /** Fields, and after them what a presigned URL carries as parameters; names in lower case. */
  readonly headers: readonly WireField[]
}

/** `upload`: creates an object and settles its encryption. `closed`: the policy keeps it shut. */
export type OperationKind = 'upload' | 'part' | 'closed' | 'read' | 'other'

/** A reading, or why nobody should read it as anything. */
export type S3Reading =
  | { readonly kind: 'read'; readonly request: S3Request }
  | { readonly kind: 'unreadable'; readonly why: string }

/** How the requests that are read say which bucket they are about. */
export interface Addressing {
  /** Names, lower case, under which path style is served; `<bucket>.<name>` is virtual-hosted style. */
  readonly hosts: readonly string[]
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/**
 * The sub-resources of each method and level that make an operation, from the API reference; `-` is
 * none. What is not here is no operation.
 */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  'GET service': ['-'],
  'GET bucket': words(`- abac accelerate acl analytics cors encryption intelligent-tiering inventory
    lifecycle list-type location logging metadataConfiguration metadataTable metrics notification
    object-lock ownershipControls policy policyStatus publicAccessBlock replication requestPayment
    tagging uploads versioning versions website`),
  'HEAD bucket': ['-'],
  'PUT bucket': words(`- abac accelerate acl cors intelligent-tiering lifecycle metrics notification
    object-lock ownershipControls policy publicAccessBlock requestPayment tagging versioning website`),
  'POST bucket': words('- delete'),
  'DELETE bucket': words(`- analytics cors intelligent-tiering inventory lifecycle
    metadataConfiguration metadataTable metrics ownershipControls policy publicAccessBlock replication
    tagging website`),
  'GET object': words('- acl annotation attributes legal-hold retention tagging torrent'),
  'HEAD object': ['-'],
  'PUT object': words('- acl legal-hold retention tagging'),
  'POST object': words('- restore uploads'),
  'DELETE object': words('- annotation tagging'),
  'OPTIONS bucket': ['-'],
  'OPTIONS object': ['-'],
}

/** Operations that change encryption behind the policy, or go around the proxy. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  'GET bucket': ['session'],
  'PUT bucket': words(`analytics encryption inventory logging metadataAnnotationTable
    metadataInventoryTable metadataJournalTable replication`),
  'POST bucket': words('metadataConfiguration metadataTable'),
  'DELETE bucket': ['encryption'],
  'PUT object': words('annotation encryption renameObject'),
  'POST object': ['select'],
}

const SUB_RESOURCES: ReadonlySet<string> = new Set(
  [...Object.values(OPEN), ...Object.values(CLOSED)].flat().filter((name) => name !== '-'),
)

/** Parameters without which, or with another value of which, it is another request. */
const SELECTING: ReadonlySet<string> = new Set([
  ...SUB_RESOURCES,
  ...words(`uploadId partNumber versionId id annotationName select-type max-directory-buckets`),
])

/** Parameters that shape an answer. */
const SHAPING: ReadonlySet<string> = new Set(
  words(`annotation-prefix bucket-region continuation-token delimiter encoding-type fetch-owner
    key-marker marker max-annotation-results max-buckets max-keys max-parts max-uploads
    part-number-marker prefix start-after upload-id-marker version-id-marker
    response-cache-control response-content-disposition response-content-encoding
    response-content-language response-content-type response-expires`),
)

const AUTHENTICATING: ReadonlySet<string> = new Set(
  words(`x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders
    x-amz-signature x-amz-security-token x-amz-content-sha256`),
)

/** Whether a parameter of that name belongs to any operation. */
export function isKnownParameter(name: string): boolean {
  return SELECTING.has(name) || SHAPING.has(name) || name === 'x-id'
}

/** Whether a parameter of that name decides what the request is. */
export function isSelectingParameter(name: string): boolean {
  return SELECTING.has(name)
}

/** Reads a request's target and head. */
export function readS3Request(
  { method, target, fields }: WireRequest,
  addressing: Addressing,
): S3Reading {
  const cut = target.indexOf('?')
  const place = readPlace(cut === -1 ? target : target.slice(0, cut), fields, addressing)
  if (typeof place === 'string') return unreadable(place)
  // A preflight is about the place alone: its query does not go on.
  const isPreflight = method === 'OPTIONS'
  const all = readQuery(cut === -1 || isPreflight ? '' : target.slice(cut + 1))
  if (typeof all === 'string') return unreadable(all)
  const isPresigned = all.some(({ name }) => name.toLowerCase() === 'x-amz-signature')
  const headers = fields.map(({ name, value }) => ({ name: name.toLowerCase(), value }))
  const parameters: Parameter[] = []
  for (const parameter of all) {
    const name = parameter.name.toLowerCase()
    if (AUTHENTICATING.has(name) && isPresigned) continue
    if (isPresigned && name.startsWith('x-amz-')) {
      headers.push({ name, value: parameter.values[0] ?? '' })
    } else parameters.push(parameter)
  }
  const operation = operationOf(method, place, parameters, headers)
  if ('why' in operation) return unreadable(operation.why)
  return { kind: 'read', request: { ...place, ...operation, parameters, headers } }
}

/** Decodes `%XX`; undefined for a wrong escape, NUL, or bytes that are not UTF-8. */
export function decodeBytes(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  if (bytes.includes('\0')) return undefined
  return isUtf8(bytes) ? bytes : undefined
}

function isUtf8(bytes: string): boolean {
  if (!/[\x80-\xff]/.test(bytes)) return true
  const buffer = Buffer.from(bytes, 'latin1')
  return buffer.equals(Buffer.from(buffer.toString('utf8'), 'utf8'))
}

function unreadable(why: string): S3Reading {
  return { kind: 'unreadable', why }
}

interface Place {
  readonly bucket: string | undefined
  readonly key: string | undefined
  readonly otherKey: string | undefined
}

function readPlace(
  path: string,
  fields: readonly WireField[],
  { hosts }: Addressing,
): Place | string {
  if (!path.startsWith('/') || path.includes('#')) return 'target form'
  const host = (onlyValue(fields, 'host') ?? '').toLowerCase()
  const name = host.replace(/:\d*$/, '').replace(/\.$/, '')
  const served = hosts.find((entry) => name === entry || name.endsWith(`.${entry}`))
  if (served === undefined) return 'host'
  if (name !== served) return withKey(name.slice(0, -served.length - 1), path.slice(1))
  const end = path.indexOf('/', 1)
  const bucket = decodeBytes(path.slice(1, end === -1 ? undefined : end))
  if (bucket === undefined) return 'path encoding'
  if (bucket.includes('/') || (bucket === '' && path !== '/')) return 'bucket'
  return withKey(bucket, end === -1 ? '' : path.slice(end + 1))
}

function withKey(bucket: string, rawKey: string): Place | string {
  const key = decodeBytes(rawKey)
  const otherKey = decodeBytes(rawKey.replaceAll('+', ' '))
  if (key === undefined || otherKey === undefined) return 'path encoding'
  if (bucket === '') return { bucket: undefined, key: undefined, otherKey: undefined }
  return key === '' ? { bucket, key: undefined, otherKey: undefined } : { bucket, key, otherKey }
}

function readQuery(text: string): readonly Parameter[] | string {
  if (text.includes('#')) return 'fragment'
  const parameters: Parameter[] = []
  for (const part of text.split('&')) {
    if (part === '') continue
    const cut = part.indexOf('=')
    const name = decodeBytes((cut === -1 ? part : part.slice(0, cut)).replaceAll('+', ' '))
    const raw = cut === -1 ? '' : part.slice(cut + 1)
    const value = decodeBytes(raw)
    if (name === undefined || value === undefined || name === '') return 'query encoding'
    const values = raw.includes('+')
      ? [value, decodeBytes(raw.replaceAll('+', ' ')) ?? '']
      : [value]
    parameters.push({ name, values })
  }
  return parameters
}

type Found = { readonly operation: string; readonly kind: OperationKind } | { readonly why: string }

function operationOf(
  method: string,
  { bucket, key }: Place,
  parameters: readonly Parameter[],
  headers: readonly WireField[],
): Found {
  const shape = `${method} ${levelOf(bucket, key)}`
  const selecting = parameters.filter(({ name }) => SELECTING.has(name)).map(({ name }) => name)
  if (new Set(selecting).size !== selecting.length) return { why: 'a selector twice' }
  const subs = selecting.filter((name) => SUB_RESOURCES.has(name))
  if (subs.length > 1) return { why: 'mixed sub-resources' }
  const [sub = '-'] = subs
  const named = sub === '-' ? shape : `${shape}?${sub}`
  if (CLOSED[shape]?.includes(sub)) return { operation: named, kind: 'closed' }
  if (!OPEN[shape]?.includes(sub)) return { why: `no operation: ${named}` }
  if (sub !== '-') return ofSubResource(named, selecting)
  return key === undefined
    ? ofBucket(shape, selecting, headers)
    : ofObject(method, shape, selecting, headers)
}

function ofBucket(
  shape: string,
  selecting: readonly string[],
  headers: readonly WireField[],
): Found {
  if (shape === 'POST bucket') {
    const type = onlyValue(headers, 'content-type') ?? ''
    if (!/^multipart\/form-data *(;|$)/i.test(type)) return { why: 'no form' }
    return { operation: 'POST bucket+form', kind: 'upload' }
  }
  if (selecting.includes('max-directory-buckets')) return { operation: shape, kind: 'closed' }
  return { operation: shape, kind: /^(GET|HEAD)/.test(shape) ? 'read' : 'other' }
}

function levelOf(bucket: string | undefined, key: string | undefined): string {
  if (bucket === undefined) return 'service'
  return key === undefined ? 'bucket' : 'object'
}

function ofSubResource(named: string, selecting: readonly string[]): Found {
  if (selecting.includes('uploadId') || selecting.includes('partNumber')) {
    return { why: 'a sub-resource and a part' }
  }
  if (named === 'POST object?uploads') return { operation: named, kind: 'upload' }
  return { operation: named, kind: /^(GET|HEAD)/.test(named) ? 'read' : 'other' }
}

function ofObject(
  method: string,
  shape: string,
  selecting: readonly string[],
  headers: readonly WireField[],
): Found {
  if (method === 'OPTIONS') return { operation: shape, kind: 'other' }
  const copies = valuesOf(headers, 'x-amz-copy-source').length
  if (copies > 1) return { why: 'two copy sources' }
  if (copies > 0 && method !== 'PUT') return { why: 'copy source' }
  if (valuesOf(headers, 'x-amz-rename-source').length > 0) return { why: 'rename source' }
  const part = `${selecting.includes('uploadId') ? 'upload' : ''}${selecting.includes('partNumber') ? ' part' : ''}`
  const found = OBJECT_OPERATIONS[`${method} ${part}`.trim()]
  if (found === undefined) return { why: `half of a part: ${method} ${part}` }
  const [suffix, kind] = found
  return { operation: `${shape}${suffix}${copies > 0 ? '+copy' : ''}`, kind }
}

/** By method and whether `uploadId` and `partNumber` are there. */
const OBJECT_OPERATIONS: Readonly<Record<string, readonly [suffix: string, kind: OperationKind]>> =
  {
    PUT: ['', 'upload'],
    'PUT upload part': ['+part', 'part'],
    'POST upload': ['+complete', 'part'],
    DELETE: ['', 'other'],
    'DELETE upload': ['+abort', 'other'],
    GET: ['', 'read'],
    'GET  part': ['', 'read'],
    'GET upload': ['+parts', 'read'],
    HEAD: ['', 'read'],
    'HEAD  part': ['', 'read'],
  }
