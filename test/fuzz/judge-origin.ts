import { type BodyReading, readBody } from './chunked-reading.ts'
import { type Form, keyOf, readForm, readPolicy } from './form-reading.ts'
import { looseName, lowerCase } from './judge-arrival.ts'
import type { Arrival } from './recorder.ts'
import {
  decodeBytes,
  isSelectingParameter,
  type Parameter,
  readS3Request,
  type S3Request,
} from './s3-reading.ts'
import { readSignature, type Signed } from './signature-reading.ts'
import { onlyValue, valuesOf, type WireField, type WireRequest } from './wire-reading.ts'
import {
  CLIENTS,
  type Client,
  CONFIGURES,
  demandOf,
  HOSTS,
  type Profile,
  REGION,
  SIDECAR,
} from './world.ts'

/*
 * Whether a request that reached S3 is one that a client sent: signed by it, allowed to it, the same
 * operation on the same thing, with the same fields and bytes, and under the policy's encryption.
 */

const SSE = 'x-amz-server-side-encryption'
const SOURCE_SSE = 'x-amz-copy-source-server-side-encryption'

/** A request of a client's, read and verified by the fuzzer. */
export interface ClientRequest {
  readonly request: WireRequest
  readonly reading: S3Request
  /** Undefined: a preflight, which nobody signs. */
  readonly client: Client | undefined
  /** `anybody`: the client was admitted without a signature. */
  readonly signed: Signed | 'anybody' | undefined
  readonly form: Form | undefined
  /** The form's policy allows a file of that size. */
  readonly allowsSize: boolean
}

/** Reads a client's request; a text says why it must not reach S3. */
export function readClientRequest(
  request: WireRequest,
  nowMs: number,
  profile: Profile,
): ClientRequest | string {
  const read = readS3Request(request, { hosts: HOSTS })
  if (read.kind === 'unreadable') return `unreadable (${read.why})`
  const reading = read.request
  if (reading.kind === 'closed') return `closed (${reading.operation})`
  if (request.method === 'OPTIONS') {
    return {
      request,
      reading,
      client: undefined,
      signed: undefined,
      form: undefined,
      allowsSize: true,
    }
  }
  if (reading.operation === 'POST bucket+form')
    return readClientForm(request, reading, nowMs, profile)
  const context = { signers: CLIENTS, region: REGION, nowMs, isStrict: false }
  const signed = readSignature(request, context)
  if (profile === 'sidecar' && signed.kind !== 'signed' && !namesClient(claimOf(request))) {
    return admitted(request, reading, undefined)
  }
  if (signed.kind !== 'signed') {
    return `not signed (${signed.kind === 'invalid' ? signed.why : 'at all'})`
  }
  const client = CLIENTS.find(({ accessKeyId }) => accessKeyId === signed.signer.accessKeyId)
  if (client === undefined) return 'nobody'
  return { request, reading, client, signed, form: undefined, allowsSize: true }
}

function claimOf({ target, fields }: WireRequest): string {
  return `${decodeURIComponent(target.replace(/%(?![0-9A-Fa-f]{2})|%[89A-F][0-9A-F]/gi, ''))} ${valuesOf(fields, 'authorization').join()}`
}

/** A signature under a key that is known has to verify, on a sidecar too. */
function namesClient(claim: string): boolean {
  return KNOWN_KEYS.some((known) => known.test(claim))
}

const KNOWN_KEYS = CLIENTS.map(({ accessKeyId }) => new RegExp(`(?:^|[=\\s,])${accessKeyId}/`))

/** On a sidecar, which no page of another site may use. */
function admitted(
  request: WireRequest,
  reading: S3Request,
  form: Form | undefined,
): ClientRequest | string {
  if (valuesOf(request.fields, 'sec-fetch-site').includes('cross-site')) return 'of another site'
  return { request, reading, client: SIDECAR, signed: 'anybody', form, allowsSize: true }
}

function readClientForm(
  request: WireRequest,
  reading: S3Request,
  nowMs: number,
  profile: Profile,
): ClientRequest | string {
  const read = readForm(onlyValue(request.fields, 'content-type') ?? '', request.body)
  if (read.kind === 'broken') return `no form (${read.why})`
  const context = { signers: CLIENTS, region: REGION, nowMs }
  const policy = readPolicy(read.form, reading.bucket ?? '', context)
  const place = { ...reading, key: keyOf(read.form) }
  const credential = onlyValue(read.form.fields, 'x-amz-credential') ?? ''
  if (profile === 'sidecar' && policy.kind !== 'signed' && !namesClient(credential)) {
    return admitted(request, place, read.form)
  }
  if (policy.kind !== 'signed')
    return `not signed (${policy.kind === 'invalid' ? policy.why : 'at all'})`
  const client = CLIENTS.find(({ accessKeyId }) => accessKeyId === policy.signer.accessKeyId)
  if (client === undefined) return 'nobody'
  return {
    request,
    reading: place,
    client,
    signed: undefined,
    form: read.form,
    allowsSize: policy.allowsSize,
  }
}

/** An arrival that is whole enough to be compared. */
export interface ReadArrival {
  readonly arrival: Arrival
  readonly request: WireRequest
  readonly reading: S3Request
}

/** Gives why an arrival is not that client's request; nothing: it is. */
export function judgeOrigin(
  of: ReadArrival,
  from: ClientRequest,
  profile: Profile,
): readonly string[] {
  const { request, reading } = of
  const { client } = from
  if (request.method !== from.request.method) return ['origin: another method']
  if (reading.operation !== from.reading.operation) {
    return [`origin: ${reading.operation} for ${from.reading.operation}`]
  }
  if (reading.bucket !== from.reading.bucket) return ['origin: another bucket']
  const isSameKey = reading.key === from.reading.key || reading.key === from.reading.otherKey
  if (from.form === undefined && !isSameKey) return ['origin: another key']
  const faults = [...judgeQuery(reading, from.reading, request.method), ...judgeAccess(from)]
  if (from.form !== undefined) return [...faults, ...judgeFormOrigin(of, from, from.form)]
  faults.push(
    ...judgeFields(reading, from),
    ...judgeEncryption(reading.headers, reading, client?.name ?? '', from.reading.headers, profile),
    ...judgeCopySource(reading, from),
  )
  return [...faults, ...judgeContent(of, from)]
}

function judgeAccess({ reading, client }: ClientRequest): string[] {
  if (CONFIGURES.test(reading.operation))
    return ['origin: a setting, for a client without configure']
  if (client?.buckets === undefined) return []
  // The answer to ListBuckets is filtered.
  if (reading.bucket === undefined && reading.kind !== 'closed') return []
  if (reading.bucket === undefined) return ['origin: every bucket, for a client of some']
  return client.buckets.includes(reading.bucket)
    ? []
    : ['origin: a bucket that is not its client’s']
}

/** Parameters that select are the same on both sides; the others come from the client or not at all. */
function judgeQuery(reading: S3Request, from: S3Request, method: string): string[] {
  const faults: string[] = []
  for (const { name, values } of reading.parameters) {
    const same = from.parameters.filter((other) => other.name === name)
    if (!same.some((other) => other.values.some((value) => values.includes(value)))) {
      faults.push(`origin: parameter ${name}`)
    }
  }
  const selects = (parameter: Parameter): boolean =>
    isSelectingParameter(parameter.name) && method !== 'OPTIONS'
  for (const parameter of from.parameters.filter(selects)) {
    if (!reading.parameters.some(({ name }) => name === parameter.name)) {
      faults.push(`origin: parameter ${parameter.name} is lost`)
    }
  }
  return faults
}

/** Made by Sealgate, or judged apart. */
const OWN: ReadonlySet<string> = new Set([
  ...[
    'host',
    'authorization',
    'connection',
    'content-length',
    'transfer-encoding',
    'content-encoding',
  ],
  ...['x-amz-content-sha256', 'x-amz-date', 'x-amz-decoded-content-length', 'x-amz-trailer'],
  ...[
    'x-amz-copy-source',
    'x-amz-security-token',
    'x-amz-s3session-token',
    'x-amz-sdk-checksum-algorithm',
  ],
])

/** Fields besides `x-amz-*` that change what S3 does. */
const MEANINGFUL: ReadonlySet<string> = new Set([
  ...[
    'if-match',
    'if-none-match',
    'if-modified-since',
    'if-unmodified-since',
    'range',
    'content-md5',
  ],
])

function judgeFields(reading: S3Request, from: ClientRequest): string[] {
  const sent = reading.headers.filter(({ name }) => !OWN.has(name) && !isEncryption(name))
  const faults = sent.flatMap((field) => judgeField(field, from))
  for (const { name } of from.reading.headers) {
    if (!mustGoOn(name, from) || sent.some((other) => other.name === name)) continue
    faults.push(`origin: ${name} is lost`)
  }
  return faults
}

/** It comes from the client, and S3's own only if the client signed it. */
function judgeField({ name, value }: WireField, from: ClientRequest): string[] {
  const { request, reading, signed } = from
  const at = reading.headers.findIndex((one) => one.name === name && sameValue(one.value, value))
  if (at === -1) {
    return isTrailer(name, value, request) ? [] : [`origin: field ${name}: ${value}`]
  }
  const isHoisted = at >= request.fields.length
  if (!name.startsWith('x-amz-') || isHoisted || isSigned(name, signed)) return []
  return [`origin: ${name} was not signed`]
}

function isSigned(name: string, signed: ClientRequest['signed']): boolean {
  return signed === 'anybody' || signed?.signedNames.has(name) === true
}

function mustGoOn(name: string, { signed }: ClientRequest): boolean {
  if (OWN.has(name) || isEncryption(name)) return false
  if (!name.startsWith('x-amz-')) return MEANINGFUL.has(name)
  // A presigned URL may carry the checksum of nothing, which its maker could not know better.
  const isPresigned = signed === 'anybody' || signed?.via === 'query'
  if (signed === undefined || (name.startsWith('x-amz-checksum-') && isPresigned)) return false
  return !name.includes('_')
}

/** A trailing checksum may go on as a field; S3 compares it with the object. */
function isTrailer(name: string, value: string, { body }: WireRequest): boolean {
  if (!name.startsWith('x-amz-checksum-')) return false
  const end = body.toString('latin1', Math.max(0, body.length - 1000)).split('\r\n')
  return end.some((line) => {
    const colon = line.indexOf(':')
    return (
      line.slice(0, colon).trim().toLowerCase() === name && line.slice(colon + 1).trim() === value
    )
  })
}

/** Blanks count for nothing in a signature, so they may be fewer. */
function sameValue(a: string, b: string): boolean {
  return a === b || a.replace(/[\t ]+/g, ' ') === b.replace(/[\t ]+/g, ' ')
}

function isEncryption(name: string): boolean {
  const loose = looseName(name)
  return loose.startsWith(SSE) || loose.startsWith(SOURCE_SSE)
}

/** Exactly what the policy says, once, and nothing else of that family under any spelling. */
function judgeEncryption(
  headers: readonly WireField[],
  { kind, bucket = '', key, operation }: S3Request,
  client: string,
  from: readonly WireField[],
  profile: Profile,
): string[] {
  const fields = headers.filter(({ name }) => looseName(name).startsWith(SSE))
  const demand = demandOf(client, bucket, key)
  if (kind === 'upload' && demand.kind === 'refuse')
    return ['encryption: no rule allows this upload']
  if (kind === 'upload' && demand.kind === 'encrypt') {
    return sameEncryption(fields, demand) ? [] : [`encryption: ${describe(fields)}`]
  }
  const names = fields.map(({ name }) => name)
  if (new Set(names).size !== names.length) return ['encryption: a field twice']
  const isExempt = demand.kind === 'exempt' && (kind === 'upload' || kind === 'part')
  const isRead = kind !== 'upload' && kind !== 'part' && profile === 'lenient'
  const allowed = isExempt
    ? fields
    : fields.filter(({ name }) => isRead && name.startsWith(`${SSE}-customer-`))
  if (allowed.length < fields.length) return [`encryption: ${describe(fields)} on ${operation}`]
  const invented = allowed.filter(
    ({ name, value }) =>
      !from.some((other) => other.name === name && sameValue(other.value, value)),
  )
  return invented.length === 0
    ? []
    : [`encryption: ${describe(invented)}, which the client did not send`]
}

function sameEncryption(
  fields: readonly WireField[],
  demand: Extract<ReturnType<typeof demandOf>, { kind: 'encrypt' }>,
): boolean {
  const expected: string[] = [
    `${SSE}: ${demand.algorithm}`,
    `${SSE}-aws-kms-key-id: ${demand.keyId}`,
  ]
  if (demand.bucketKey !== undefined)
    expected.push(`${SSE}-bucket-key-enabled: ${demand.bucketKey}`)
  if (demand.context !== undefined)
    expected.push(`${SSE}-context: ${JSON.stringify(demand.context)}`)
  const found = fields.map(({ name, value }) =>
    name === `${SSE}-context` ? `${name}: ${decodeContext(value)}` : `${name}: ${value}`,
  )
  return found.sort().join('\n') === expected.sort().join('\n')
}

/** Its JSON, names sorted. */
function decodeContext(value: string): string {
  try {
    const entries = Object.entries(JSON.parse(Buffer.from(value, 'base64').toString('utf8')))
    return JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))))
  } catch {
    return 'no context'
  }
}

function describe(fields: readonly WireField[]): string {
  if (fields.length === 0) return 'none'
  return fields.map(({ name, value }) => `${name}: ${value}`).join(', ')
}

/** A source's bucket, key and version; the readings of a raw `+` differ. */
function readSources(value: string): readonly string[] {
  const readings = value.includes('+') ? [value, value.replaceAll('+', '%20')] : [value]
  return readings.flatMap((text) => {
    const cut = text.indexOf('?versionId=')
    const path = decodeBytes(cut === -1 ? text : text.slice(0, cut))
    const version = cut === -1 ? '' : decodeBytes(text.slice(cut + '?versionId='.length))
    if (path === undefined || version === undefined) return []
    return [`${path.replace(/^\//, '')}\n${version}`]
  })
}

function judgeCopySource(
  reading: S3Request,
  { reading: from, client, signed }: ClientRequest,
): string[] {
  const value = onlyValue(reading.headers, 'x-amz-copy-source')
  if (value === undefined) return []
  const [source = ''] = readSources(value)
  const wanted = onlyValue(from.headers, 'x-amz-copy-source') ?? ''
  if (value.includes('+') || !readSources(wanted).includes(source))
    return [`origin: copy source ${value}`]
  const bucket = source.slice(0, source.indexOf('/'))
  if (client?.buckets?.includes(bucket) === false) return [`origin: copies from ${bucket}`]
  return isSigned('x-amz-copy-source', signed) ? [] : ['origin: copy source not signed']
}

/** What is stored is what the client sent, whole and verified. */
function judgeContent(
  { arrival, request }: ReadArrival,
  { request: from, signed }: ClientRequest,
): string[] {
  // The body of a preflight, which has no meaning, does not go on.
  if (!request.isWhole || request.method === 'OPTIONS') return []
  const signature = arrival.signature.kind === 'signed' ? arrival.signature : undefined
  const stored = bodyOf(request, signature)
  const sent = bodyOf(from, signed)
  if (stored.kind === 'broken') return []
  if (sent.kind === 'broken')
    return [`content: stored, though the client's is broken (${sent.why})`]
  return stored.bytes.equals(sent.bytes) ? [] : ['content: other bytes']
}

function bodyOf(request: WireRequest, signed: ClientRequest['signed']): BodyReading {
  const headers = lowerCase(request.fields)
  return readBody({ headers, body: request.body, isWhole: request.isWhole, signed })
}

const FORM_OWN: ReadonlySet<string> = new Set([
  ...[
    'key',
    'policy',
    'success_action_status',
    'x-amz-algorithm',
    'x-amz-credential',
    'x-amz-date',
  ],
  ...['x-amz-signature'],
])

function judgeFormOrigin({ request }: ReadArrival, from: ClientRequest, sent: Form): string[] {
  if (!request.isWhole) return []
  const read = readForm(onlyValue(request.fields, 'content-type') ?? '', request.body)
  if (read.kind === 'broken') return [`origin: no form (${read.why})`]
  const { form } = read
  const key = onlyValue(form.fields, 'key')
  const place: S3Request = { ...from.reading, kind: 'upload', key }
  const client = from.client?.name ?? ''
  return [
    ...judgeFormFields(form, key, from, sent),
    ...judgeEncryption(form.fields, place, client, sent.fields, 'strict'),
    ...judgeFormContent(form, from, sent),
  ]
}

function judgeFormFields(
  form: Form,
  key: string | undefined,
  { reading }: ClientRequest,
  sent: Form,
): string[] {
  const faults: string[] = []
  if (key !== reading.key || (form.filename !== undefined && keyOf(form) !== key)) {
    faults.push(`origin: another key ${key}`)
  }
  for (const { name, value } of form.fields) {
    if (FORM_OWN.has(name) || isEncryption(name)) continue
    if (onlyValue(sent.fields, name) !== value) faults.push(`origin: form field ${name}`)
  }
  return faults
}

function judgeFormContent(
  form: Form,
  { request, allowsSize }: ClientRequest,
  sent: Form,
): string[] {
  const faults: string[] = []
  if (!form.isWhole) faults.push('origin: a form without its end')
  if (!allowsSize) faults.push('content: stored, though its size is not allowed')
  if (!request.isWhole || !sent.isWhole) {
    faults.push('content: stored, though the client’s form is cut')
  }
  if (!form.file.equals(sent.file)) faults.push('content: another file')
  return faults
}
