import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Random } from './random.ts'
import { hmac, type Signer, sha256, signingKey } from './signature-reading.ts'
import { APP, REGION } from './world.ts'

/*
 * A request before it is bytes. Edits change a draft in three places: before it is signed (a request
 * that a client really signed), after it (one that somebody changed on its way), or as text and bytes.
 */

/** A field or a parameter, as it will stand on the wire; latin1. */
export type Pair = [name: string, value: string | undefined]

/** How an aws-chunked body is framed. */
export type ChunkMode = 'signed' | 'signed-trailer' | 'unsigned-trailer'

/** A part of a form; its head as text. */
export interface Part {
  head: string
  content: Buffer
}

/** A request in the making; edits write on it. */
export interface Draft {
  method: string
  /** Raw, with its slash. */
  path: string
  /** Raw parameters; undefined value: no `=`. */
  query: Pair[]
  host: string
  fields: [name: string, value: string][]
  /** Names (lower case) that are sent and not signed. */
  unsigned: Set<string>
  /** The object, or the document. */
  body: Buffer
  auth: 'header' | 'query' | 'form' | 'none'
  signer: Signer
  region: string
  service: string
  /** Added to the clock. */
  skewMs: number
  /** Seconds. */
  expires: string
  /** Of x-amz-content-sha256: `hash` (the body's), `unsigned`, or the value; undefined: no such field. */
  payloadHash: string | undefined
  chunks: { mode: ChunkMode; pieces: number; trailer: string; decodedLength: string } | undefined
  /** Of a form: the fields before the file, the conditions of its policy, and its parts' edits. */
  form: FormDraft | undefined
  framing: 'length' | 'chunked' | 'both' | 'none'
  /** Before the head's last blank line; each with its line end. */
  extraLines: string[]
}

/** A POST Object form in the making. */
export interface FormDraft {
  fields: [name: string, value: string][]
  /** Beyond one for each field. */
  conditions: unknown[]
  /** Fields without a condition of their own. */
  unconditioned: Set<string>
  fileDisposition: string
  before: Part[]
  after: Part[]
  boundary: string
  contentType: string
  end: string
  expirationMs: number
  /** Changes the policy's text behind the signature's back. */
  tamperPolicy: boolean
}

/** What a draft's bytes depend on besides the draft. */
export interface Scene {
  readonly port: number
  readonly nowMs: number
}

/** A change to a draft, with everything drawn beforehand. */
export interface Edit {
  readonly name: string
  /** `draft`: before signing. `tamper`: behind it. `lines`: to the head's lines. `bytes`: to it all. */
  readonly at: 'draft' | 'tamper' | 'lines' | 'bytes'
  readonly apply: (subject: Subject) => void
}

/** What an edit may write on; the later members are only there when their turn comes. */
export interface Subject {
  readonly draft: Draft
  /** The request line and the fields, without line ends. */
  lines: string[]
  bytes: Buffer
}

/** Draws an edit; undefined: not for this draft. */
export type EditMaker = (random: Random) => Edit

/** A plain draft: a PUT of a few bytes that anybody would send. */
export function newDraft(over: Partial<Draft> = {}): Draft {
  return {
    method: 'PUT',
    path: '/bucket/k',
    query: [],
    host: '',
    fields: [],
    unsigned: new Set(),
    body: Buffer.alloc(0),
    auth: 'header',
    signer: APP,
    region: REGION,
    service: 's3',
    skewMs: 0,
    expires: '600',
    payloadHash: 'hash',
    chunks: undefined,
    form: undefined,
    framing: 'length',
    extraLines: [],
    ...over,
  }
}

/** The bytes of a draft under its edits. */
export function buildRequest(draft: Draft, edits: readonly Edit[], scene: Scene): Buffer {
  const subject: Subject = { draft, lines: [], bytes: Buffer.alloc(0) }
  const run = (at: Edit['at']): void => {
    for (const edit of edits) if (edit.at === at) edit.apply(subject)
  }
  run('draft')
  if (draft.host === '') draft.host = `127.0.0.1:${scene.port}`
  const body = sign(draft, scene)
  run('tamper')
  subject.lines = linesOf(draft, body.length)
  run('lines')
  const framed = draft.framing === 'chunked' ? httpChunks(body) : body
  const head = Buffer.from([...subject.lines, ...draft.extraLines, '', ''].join('\r\n'), 'latin1')
  subject.bytes = Buffer.concat([head, framed])
  run('bytes')
  return subject.bytes
}

/** The raw query of pairs. */
export function queryText(query: readonly Pair[]): string {
  return query.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join('&')
}

function linesOf(draft: Draft, length: number): string[] {
  const query = queryText(draft.query)
  const target = query === '' ? draft.path : `${draft.path}?${query}`
  const lines = [`${draft.method} ${target} HTTP/1.1`, `Host: ${draft.host}`]
  for (const [name, value] of draft.fields) lines.push(`${name}: ${value}`)
  const takesBody = length > 0 || draft.method === 'PUT' || draft.method === 'POST'
  if (draft.framing === 'chunked' || draft.framing === 'both')
    lines.push('Transfer-Encoding: chunked')
  if ((draft.framing === 'length' && takesBody) || draft.framing === 'both') {
    lines.push(`Content-Length: ${length}`)
  }
  return lines
}

function httpChunks(body: Buffer): Buffer {
  const size = Math.max(1, Math.ceil(body.length / 3))
  const out: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    out.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  return Buffer.concat([...out, Buffer.from('0\r\n\r\n')])
}

/** Adds the authentication to the draft and gives its body as it goes on the wire. */
function sign(draft: Draft, scene: Scene): Buffer {
  const date = dateOf(scene.nowMs + draft.skewMs)
  const scope = `${date.slice(0, 8)}/${draft.region}/${draft.service}/aws4_request`
  if (draft.form !== undefined) return buildForm(draft, draft.form, scene, date, scope)
  if (draft.auth === 'none') return chunkedBody(draft, '', date, scope)
  if (draft.chunks !== undefined) describeChunks(draft, draft.chunks)
  const hash = payloadHashOf(draft)
  if (draft.auth === 'query') return presign(draft, date, scope, hash)
  if (hash !== undefined) draft.fields.push(['x-amz-content-sha256', hash])
  draft.fields.push(['x-amz-date', date])
  if (draft.signer.sessionToken !== undefined) {
    draft.fields.push(['x-amz-security-token', draft.signer.sessionToken])
  }
  const signedHeaders = signedNames(draft)
  const signature = signatureOf(draft, date, scope, signedHeaders, hash ?? 'UNSIGNED-PAYLOAD')
  draft.fields.push([
    'Authorization',
    `AWS4-HMAC-SHA256 Credential=${draft.signer.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  ])
  return chunkedBody(draft, signature, date, scope)
}

function presign(draft: Draft, date: string, scope: string, hash: string | undefined): Buffer {
  draft.query.push(
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', encode(`${draft.signer.accessKeyId}/${scope}`)],
    ['X-Amz-Date', date],
    ['X-Amz-Expires', draft.expires],
  )
  const { sessionToken } = draft.signer
  if (sessionToken !== undefined) draft.query.push(['X-Amz-Security-Token', encode(sessionToken)])
  const signedHash = hash !== undefined && draft.payloadHash !== 'hash' ? hash : undefined
  if (signedHash !== undefined) draft.fields.push(['x-amz-content-sha256', signedHash])
  const signedHeaders = signedNames(draft)
  draft.query.push(['X-Amz-SignedHeaders', encode(signedHeaders)])
  const payloadHash = signedHash ?? 'UNSIGNED-PAYLOAD'
  const signature = signatureOf(draft, date, scope, signedHeaders, payloadHash)
  draft.query.push(['X-Amz-Signature', signature])
  return chunkedBody(draft, signature, date, scope)
}

const CHUNK_HASH = {
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
} as const

function payloadHashOf(draft: Draft): string | undefined {
  if (draft.payloadHash === undefined) return undefined
  if (draft.payloadHash === 'unsigned') return 'UNSIGNED-PAYLOAD'
  return draft.payloadHash === 'hash' ? sha256(draft.body) : draft.payloadHash
}

function describeChunks(draft: Draft, chunks: NonNullable<Draft['chunks']>): void {
  draft.payloadHash = CHUNK_HASH[chunks.mode]
  const length = chunks.decodedLength === '' ? String(draft.body.length) : chunks.decodedLength
  draft.fields.push(['x-amz-decoded-content-length', length])
  if (chunks.mode !== 'signed') draft.fields.push(['x-amz-trailer', chunks.trailer])
}

function signedNames(draft: Draft): string {
  const names = new Set(draft.fields.map(([name]) => name.toLowerCase()))
  names.add('host')
  for (const name of draft.unsigned) names.delete(name)
  return [...names].sort().join(';')
}

function signatureOf(
  draft: Draft,
  date: string,
  scope: string,
  signedHeaders: string,
  payloadHash: string,
): string {
  const lines = signedHeaders.split(';').map((name) => `${name}:${signedValue(draft, name)}`)
  const canonical = [
    draft.method,
    encode(decode(draft.path.replaceAll('+', ' ')), true),
    canonicalQuery(draft.query),
    ...lines,
    '',
    signedHeaders,
    payloadHash,
  ].join('\n')
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
  return hmac(keyOf(draft, date), text).toString('hex')
}

function keyOf({ signer, region }: Draft, date: string): Buffer {
  return signingKey(signer.secretAccessKey, date.slice(0, 8), region)
}

function signedValue(draft: Draft, name: string): string {
  if (name === 'host') return draft.host.trim()
  return draft.fields
    .filter(([other]) => other.toLowerCase() === name)
    .map(([, value]) => value.trim().replace(/ +/g, ' '))
    .join(',')
}

function canonicalQuery(query: readonly Pair[]): string {
  return query
    .map(([name, value]): readonly [string, string] => [
      encode(decode(name.replaceAll('+', ' '))),
      encode(decode((value ?? '').replaceAll('+', ' '))),
    ])
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** `YYYYMMDDTHHMMSSZ`. */
function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

function decode(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** Percent-encodes bytes as SigV4 wants. */
export function encode(bytes: string, keepSlash = false): string {
  return bytes.replace(/[^A-Za-z0-9\-._~]/g, (char) =>
    keepSlash && char === '/'
      ? char
      : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

function chunkedBody(draft: Draft, seed: string, date: string, scope: string): Buffer {
  const { chunks, body } = draft
  if (chunks === undefined) return body
  let previous = seed
  const key = keyOf(draft, date)
  const next = (algorithm: string, end: string): string => {
    previous = hmac(key, `${algorithm}\n${date}\n${scope}\n${previous}\n${end}`).toString('hex')
    return previous
  }
  const size = Math.max(1, Math.ceil(body.length / chunks.pieces))
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; at += size) pieces.push(body.subarray(at, at + size))
  const out: Buffer[] = []
  for (const piece of [...pieces, Buffer.alloc(0)]) {
    const end = `${sha256('')}\n${sha256(piece)}`
    const extension =
      chunks.mode === 'unsigned-trailer'
        ? ''
        : `;chunk-signature=${next('AWS4-HMAC-SHA256-PAYLOAD', end)}`
    out.push(Buffer.from(`${piece.length.toString(16)}${extension}\r\n`), piece)
    if (piece.length > 0) out.push(Buffer.from('\r\n'))
  }
  if (chunks.mode !== 'signed') {
    const value = trailerValue(chunks.trailer, body)
    out.push(Buffer.from(`${chunks.trailer}:${value}\r\n`))
    if (chunks.mode === 'signed-trailer') {
      const signature = next('AWS4-HMAC-SHA256-TRAILER', sha256(`${chunks.trailer}:${value}\n`))
      out.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n`))
    }
  }
  return Buffer.concat([...out, Buffer.from('\r\n')])
}

function trailerValue(name: string, body: Buffer): string {
  if (name.endsWith('sha1') || name.endsWith('sha256')) {
    return createHash(name.endsWith('sha1') ? 'sha1' : 'sha256')
      .update(body)
      .digest('base64')
  }
  const value = Buffer.alloc(4)
  value.writeUInt32BE(crc32(body))
  return value.toString('base64')
}

function buildForm(
  draft: Draft,
  form: FormDraft,
  scene: Scene,
  date: string,
  scope: string,
): Buffer {
  draft.fields.push(['Content-Type', form.contentType])
  const own: [string, string][] = [
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', `${draft.signer.accessKeyId}/${scope}`],
    ['x-amz-date', date],
  ]
  if (draft.signer.sessionToken !== undefined) {
    own.push(['x-amz-security-token', draft.signer.sessionToken])
  }
  const parts: Part[] = form.fields.map(([name, value]) => fieldPart(name, value))
  if (draft.auth === 'form') {
    const conditioned = [...form.fields, ...own].filter(([name]) => !form.unconditioned.has(name))
    const conditions = [
      { bucket: draft.path.slice(1) },
      ...conditioned.map(([name, value]) => ({
        [name]: Buffer.from(value, 'latin1').toString('utf8'),
      })),
      ...form.conditions,
    ]
    const expiration = new Date(scene.nowMs + form.expirationMs).toISOString()
    const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')
    const signature = hmac(keyOf(draft, date), policy).toString('hex')
    const sent = form.tamperPolicy ? policy.replace(/.{4}$/, 'fSB9') : policy
    parts.push(...own.map(([name, value]) => fieldPart(name, value)))
    parts.push(fieldPart('policy', sent), fieldPart('x-amz-signature', signature))
  }
  const head = `Content-Disposition: ${form.fileDisposition}\r\nContent-Type: application/octet-stream`
  parts.push(...form.before, { head, content: draft.body }, ...form.after)
  const bytes: Buffer[] = []
  for (const { head, content } of parts) {
    bytes.push(
      Buffer.from(`--${form.boundary}\r\n${head}\r\n\r\n`, 'latin1'),
      content,
      Buffer.from('\r\n'),
    )
  }
  return Buffer.concat([...bytes, Buffer.from(`--${form.boundary}${form.end}`)])
}

/** A part that is a plain field; the value is bytes (latin1). */
export function fieldPart(name: string, value: string): Part {
  return {
    head: `Content-Disposition: form-data; name="${name}"`,
    content: Buffer.from(value, 'latin1'),
  }
}
