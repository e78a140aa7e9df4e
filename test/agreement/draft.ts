import { crc32 } from 'node:zlib'
import { httpChunked, PAYLOAD_HASH } from '../support/chunked-request.ts'
import { CLIENT, REGION } from '../support/rig.ts'
import {
  amzDate,
  encodeQuery,
  type Field,
  type Keys,
  requestSignature,
  type Scope,
  scopeText,
  sha256Hex,
  signatureOf,
  signedHeadersOf,
  signingKey,
} from '../support/signer.ts'

/* A request before it is bytes. Edits write on it; then it is signed and framed to the letter of AWS's pages. */

/** What the body is declared as. */
export type Payload =
  | 'hash'
  | 'unsigned'
  | 'none'
  | 'signed'
  | 'signed-trailer'
  | 'unsigned-trailer'
  | 'unknown'

/** A request in the making. */
export interface Draft {
  method: string
  path: string
  /** Raw parameters. */
  query: string[]
  /** Signed, if anything is. */
  fields: Field[]
  /** Sent and not signed. */
  unsigned: Field[]
  body: Buffer
  payload: Payload
  auth: 'header' | 'presigned' | 'none'
  keys: Keys
  region: string
  service: string
  skewMs: number
  expires: string
  host: string | undefined
  framing: 'length' | 'chunked' | 'none'
  decodedLength: string | undefined
  trailer: string
  /** Changes the request behind the signature's back. */
  tamper: ((draft: Draft) => void) | undefined
}

/** What goes over the wire. */
export interface Wire {
  readonly method: string
  readonly target: string
  /** Names as they are sent. */
  readonly fields: readonly Field[]
  readonly body: Buffer
}

/** A plain GET of an object. */
export function newDraft(over: Partial<Draft> = {}): Draft {
  return {
    method: 'GET',
    path: '/bucket/k',
    query: [],
    fields: [],
    unsigned: [],
    body: Buffer.alloc(0),
    payload: 'hash',
    auth: 'header',
    keys: CLIENT,
    region: REGION,
    service: 's3',
    skewMs: 0,
    expires: '600',
    host: undefined,
    framing: 'length',
    decodedLength: undefined,
    trailer: 'x-amz-checksum-crc32',
    tamper: undefined,
    ...over,
  }
}

/** Signs and frames the draft. */
export function buildWire(draft: Draft, port: number): Wire {
  const host = draft.host ?? `127.0.0.1:${port}`
  const date = amzDate(Date.now() + draft.skewMs)
  const scope: Scope = { keys: draft.keys, region: draft.region, date }
  const hash = payloadHash(draft)
  if (isChunked(draft)) {
    draft.fields.push([
      'x-amz-decoded-content-length',
      draft.decodedLength ?? `${draft.body.length}`,
    ])
    if (draft.payload !== 'signed') draft.fields.push(['x-amz-trailer', draft.trailer])
  }
  const hosts: readonly Field[] = host === '' ? [] : [['host', host]]
  const seed = sign(draft, hosts, scope, hash)
  draft.tamper?.(draft)
  const body = isChunked(draft) ? awsChunked(draft, scope, seed) : draft.body
  const fields = [...hosts, ...draft.fields, ...draft.unsigned, ...framing(draft, body.length)]
  const target = targetOf(draft)
  return { method: draft.method, target, fields, body: framedBody(draft, body) }
}

function targetOf({ path, query }: Draft): string {
  return query.length === 0 ? path : `${path}?${query.join('&')}`
}

function payloadHash({ payload, body }: Draft): string | undefined {
  switch (payload) {
    case 'hash':
      return sha256Hex(body)
    case 'unsigned':
      return 'UNSIGNED-PAYLOAD'
    case 'none':
      return undefined
    case 'unknown':
      return 'STREAMING-UNKNOWN-PAYLOAD'
    case 'signed':
    case 'signed-trailer':
    case 'unsigned-trailer':
      return PAYLOAD_HASH[payload]
  }
}

/** Whether the body is framed in signed or unsigned chunks. */
export function isChunked({ payload }: Draft): boolean {
  return payload === 'signed' || payload === 'signed-trailer' || payload === 'unsigned-trailer'
}

/** Adds the authentication; gives the seed of chunk signatures. */
function sign(draft: Draft, hosts: readonly Field[], scope: Scope, hash: string | undefined) {
  const { auth, method, fields, query } = draft
  if (auth === 'none') {
    if (hash !== undefined) fields.push(['x-amz-content-sha256', hash])
    return ''
  }
  const credential = `${scope.keys.accessKeyId}/${scopeText(scope, draft.service)}`
  if (auth === 'presigned') {
    if (hash !== undefined && draft.payload !== 'hash') fields.push(['x-amz-content-sha256', hash])
    const signed = [...hosts, ...fields]
    query.push(
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      `X-Amz-Credential=${encodeQuery(credential)}`,
      `X-Amz-Date=${scope.date}`,
      `X-Amz-Expires=${draft.expires}`,
      `X-Amz-SignedHeaders=${encodeQuery(signedHeadersOf(signed))}`,
    )
    const declared = draft.payload === 'hash' ? undefined : hash
    const request = { method, target: targetOf(draft), fields: signed }
    const payload = { payloadHash: declared ?? 'UNSIGNED-PAYLOAD' }
    const signature = requestSignature({ ...request, ...payload }, scope, draft.service)
    query.push(`X-Amz-Signature=${signature}`)
    return signature
  }
  if (hash !== undefined) fields.push(['x-amz-content-sha256', hash])
  fields.push(['x-amz-date', scope.date])
  const signed = [...hosts, ...fields]
  const request = { method, target: targetOf(draft), fields: signed }
  const signature = requestSignature(
    { ...request, payloadHash: hash ?? 'UNSIGNED-PAYLOAD' },
    scope,
    draft.service,
  )
  fields.push([
    'Authorization',
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeadersOf(signed)}, Signature=${signature}`,
  ])
  return signature
}

function framing({ framing, method }: Draft, length: number): readonly Field[] {
  if (framing === 'chunked') return [['Transfer-Encoding', 'chunked']]
  const isSaid = length > 0 || method === 'PUT' || method === 'POST'
  return framing === 'length' && isSaid ? [['Content-Length', String(length)]] : []
}

function framedBody({ framing }: Draft, body: Buffer): Buffer {
  // Without a length there is no body: its bytes would be the next request.
  if (framing === 'none') return Buffer.alloc(0)
  return framing === 'chunked' ? httpChunked(body) : body
}

function awsChunked({ payload, body, trailer }: Draft, scope: Scope, seed: string): Buffer {
  const key = signingKey(scope)
  let previous = seed
  const next = (kind: string, ...rest: readonly string[]): string => {
    const text = [kind, scope.date, scopeText(scope), previous, ...rest].join('\n')
    previous = signatureOf(key, text)
    return previous
  }
  const parts: Buffer[] = []
  const put = (text: string) => parts.push(Buffer.from(text, 'latin1'))
  for (const chunk of body.length === 0 ? [body] : [body, Buffer.alloc(0)]) {
    const signature =
      payload === 'unsigned-trailer'
        ? ''
        : `;chunk-signature=${next('AWS4-HMAC-SHA256-PAYLOAD', sha256Hex(''), sha256Hex(chunk))}`
    put(`${chunk.length.toString(16)}${signature}\r\n`)
    parts.push(chunk)
    if (chunk.length > 0) put('\r\n')
  }
  if (payload !== 'signed') {
    const line = `${trailer}:${crc32Text(body)}`
    put(`${line}\r\n`)
    if (payload === 'signed-trailer') {
      put(`x-amz-trailer-signature:${next('AWS4-HMAC-SHA256-TRAILER', sha256Hex(`${line}\n`))}\r\n`)
    }
  }
  put('\r\n')
  return Buffer.concat(parts)
}

function crc32Text(body: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}
