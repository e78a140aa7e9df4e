import { readBody } from './chunked-reading.ts'
import { readForm, readPolicy } from './form-reading.ts'
import type { Arrival } from './recorder.ts'
import { isKnownParameter, type S3Request } from './s3-reading.ts'
import { onlyValue, valuesOf, type WireField, type WireRequest } from './wire-reading.ts'
import { CLIENTS, REGION, UPSTREAM } from './world.ts'

/*
 * What every request that reaches S3 has to be, whatever the client sent: written so that no two
 * servers read it in two ways, signed by Sealgate, an operation that is open, and without anything that
 * is the client's own to keep.
 */

/** Gives what is wrong with an arrival by itself. */
export function judgeArrival({ request, why, reading, signature }: Arrival): readonly string[] {
  if (request === undefined) return [`upstream: malformed request (${why})`]
  if (reading.kind === 'unreadable') return [`upstream: no operation (${reading.why})`]
  const faults = [
    ...judgeWriting(request),
    ...judgeParameters(request, reading.request),
    ...judgeSignature({ request, reading, signature }),
    ...judgeSecrets(request, reading.request),
  ]
  if (reading.request.kind === 'closed') faults.push('upstream: an operation that is closed')
  return faults.map((fault) => `${fault}: ${request.method} ${request.target}`)
}

/** A field's name as a server reads it that takes `_` for `-`, as CGI does. */
export function looseName(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

const HOP_BY_HOP = [
  ...[
    'keep-alive',
    'te',
    'trailer',
    'upgrade',
    'proxy-connection',
    'proxy-authorization',
    'expect',
  ],
  ...['http2-settings', 'cookie'],
]

/** Fields of which a second one lets two servers see two requests: all but lists and metadata. */
const REPEATABLE =
  /^(accept.*|access-control-request-headers|cache-control|content-language|x-amz-(meta-.*|(optional-)?object-attributes))$/

function judgeWriting({ fields, target, version }: WireRequest): string[] {
  const faults: string[] = []
  if (version !== 'HTTP/1.1') faults.push('upstream: version')
  if (!/^\/[\x21-\x7e]*$/.test(target)) faults.push('upstream: target')
  if (target.includes('+')) faults.push('upstream: a target that can be read in two ways')
  const seen = new Set<string>()
  for (const field of fields) {
    const loose = looseName(field.name)
    if (seen.has(loose) && !REPEATABLE.test(loose)) faults.push(`upstream: ${loose} twice`)
    seen.add(loose)
    if (isOdd(field)) faults.push(`upstream: ${field.name}: ${field.value}`)
  }
  return faults
}

/** A field that some server gives a meaning of its own, or that is between two neighbours alone. */
function isOdd({ name, value }: WireField): boolean {
  const loose = looseName(name)
  if (name.includes('_')) return !name.toLowerCase().startsWith('x-amz-meta-')
  if (loose === 'connection') return !/^(keep-alive|close)$/i.test(value)
  return (
    HOP_BY_HOP.includes(loose) ||
    /method-override|^x-http-method|^x-original-url|^x-rewrite-url|^destination$/.test(loose)
  )
}

function judgeParameters({ target }: WireRequest, { parameters }: S3Request): string[] {
  const faults: string[] = []
  const query = target.slice(target.includes('?') ? target.indexOf('?') : target.length)
  if (/[;#]/.test(query)) faults.push('upstream: a query that can be read in two ways')
  const names = parameters.map(({ name }) => name)
  if (new Set(names).size !== names.length) faults.push('upstream: a parameter twice')
  for (const name of names) if (!isKnownParameter(name)) faults.push(`upstream: parameter ${name}`)
  if (/x-amz-|awsaccesskeyid/i.test(query)) faults.push('upstream: authentication in the query')
  return faults
}

function judgeSignature({
  request,
  reading,
  signature,
}: Pick<Arrival, 'reading' | 'signature'> & { request: WireRequest }): string[] {
  const amz = request.fields
    .map(({ name }) => name.toLowerCase())
    .filter((name) => looseName(name).startsWith('x-amz-'))
  if (request.method === 'OPTIONS') {
    return signature.kind === 'unsigned' && amz.length === 0 ? [] : ['upstream: a signed preflight']
  }
  if (reading.kind === 'read' && reading.request.operation === 'POST bucket+form') {
    return judgeForm(request, reading.request, amz)
  }
  if (signature.kind !== 'signed') {
    return [
      `upstream: not signed by Sealgate (${signature.kind === 'invalid' ? signature.why : 'unsigned'})`,
    ]
  }
  if (signature.via !== 'header') return ['upstream: signed in the query']
  const loose = amz.filter((name) => !signature.signedNames.has(name))
  const faults = loose.map((name) => `upstream: ${name} is not signed`)
  return [...faults, ...judgeBody(request, signature)]
}

/** What S3 refuses when it verifies is S3's to refuse; what nobody could read is ours. */
const REFUSED_BY_S3: ReadonlySet<string> = new Set([
  ...['payload hash', 'trailing checksum', 'declared checksum'],
])

function judgeBody(
  request: WireRequest,
  signed: Extract<Arrival['signature'], { kind: 'signed' }>,
): string[] {
  if (!request.isWhole) return []
  const headers = lowerCase(request.fields)
  const body = readBody({ headers, body: request.body, isWhole: true, signed })
  if (body.kind === 'object' || REFUSED_BY_S3.has(body.why)) return []
  return [`upstream: a body that is none (${body.why})`]
}

function judgeForm(
  request: WireRequest,
  { bucket = '' }: S3Request,
  amz: readonly string[],
): string[] {
  const faults = amz.map((name) => `upstream: ${name} beside a form`)
  if (valuesOf(request.fields, 'authorization').length > 0) faults.push('upstream: two signatures')
  if (!request.isWhole) return faults
  const read = readForm(onlyValue(request.fields, 'content-type') ?? '', request.body)
  if (read.kind === 'broken') return [...faults, `upstream: a form that is none (${read.why})`]
  const names = read.form.fields.map(({ name }) => looseName(name))
  if (new Set(names).size !== names.length) faults.push('upstream: a form field twice')
  if (
    read.form.fields.some(
      ({ name }) => name.includes('_') && !/^(x-amz-meta-|success_action_)/.test(name),
    )
  ) {
    faults.push('upstream: a form field with an underscore')
  }
  const context = { signers: [UPSTREAM], region: REGION, nowMs: Date.now() }
  const policy = readPolicy(read.form, bucket, context)
  if (policy.kind !== 'signed') {
    faults.push(
      `upstream: a form that Sealgate did not sign (${policy.kind === 'invalid' ? policy.why : 'unsigned'})`,
    )
  }
  return faults
}

/** What is between a client and Sealgate, or between Sealgate and S3. */
const SECRETS = CLIENTS.flatMap(({ accessKeyId, secretAccessKey, sessionToken }) => [
  accessKeyId,
  secretAccessKey,
  ...(sessionToken === undefined ? [] : [sessionToken]),
])

function judgeSecrets({ target, fields, body }: WireRequest, { operation }: S3Request): string[] {
  const form = readForm(onlyValue(fields, 'content-type') ?? '', body)
  // Any other body, and the file of a form, is the object's, and may hold what it likes.
  const isForm = operation === 'POST bucket+form' && form.kind === 'form'
  const all = isForm ? [...fields, ...form.form.fields] : fields
  const text = `${target}\n${all.map(({ name, value }) => `${name}: ${value}`).join('\n')}`
  return SECRETS.filter((secret) => text.includes(secret)).map(
    (secret) => `upstream: a client's ${secret}`,
  )
}

/** The same fields, names in lower case. */
export function lowerCase(fields: readonly WireField[]): readonly WireField[] {
  return fields.map(({ name, value }) => ({ name: name.toLowerCase(), value }))
}
