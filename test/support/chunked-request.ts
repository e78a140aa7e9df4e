import { crc32 } from 'node:zlib'
import { CLIENT, REGION } from './rig.ts'
import {
  amzDate,
  EMPTY_HASH,
  type Field,
  requestSignature,
  type Scope,
  scopeText,
  sha256Hex,
  signatureOf,
  signedHeadersOf,
  signingKey,
} from './signer.ts'

/** How an aws-chunked body is framed. */
export type ChunkedMode = 'signed' | 'signed-trailer' | 'unsigned-trailer'

/** The value of x-amz-content-sha256 of each. */
export const PAYLOAD_HASH = {
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
} as const satisfies Readonly<Record<ChunkedMode, string>>

/** One piece of a body on the wire: what it is, and its octets. */
export interface Part {
  readonly name: string
  readonly bytes: Buffer
}

/** A head that is signed, and the body's parts to be sent, or spoilt, one by one. */
export interface ChunkedRequest {
  readonly target: string
  /** In the order in which they go; the framing (Content-Length or chunked) is not among them. */
  readonly fields: readonly Field[]
  readonly parts: readonly Part[]
}

export interface ChunkedOptions {
  readonly mode: ChunkedMode
  readonly target: string
  readonly chunks: readonly Buffer[]
  /** Instead of the chunks' length; undefined: theirs. null: no such field. */
  readonly decodedLength?: number | null
  readonly contentEncoding?: string
  /** Also in the mode that has none. */
  readonly announcesTrailer?: boolean
  readonly port: number
}

/** Signs and frames an upload to the letter of AWS's pages, with code that is the tests' own. */
export function buildChunked(options: ChunkedOptions): ChunkedRequest {
  const { mode, target, chunks, port } = options
  const scope: Scope = { keys: CLIENT, region: REGION, date: amzDate(Date.now()) }
  const payloadHash = PAYLOAD_HASH[mode]
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const { decodedLength = total } = options
  const fields: Field[] = [
    ['host', `127.0.0.1:${port}`],
    ['content-encoding', options.contentEncoding ?? 'aws-chunked'],
    ['x-amz-content-sha256', payloadHash],
    ['x-amz-date', scope.date],
  ]
  if (decodedLength !== null) fields.push(['x-amz-decoded-content-length', String(decodedLength)])
  if (mode !== 'signed' || options.announcesTrailer)
    fields.push(['x-amz-trailer', 'x-amz-checksum-crc32'])
  const seed = requestSignature({ method: 'PUT', target, fields, payloadHash }, scope)
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${CLIENT.accessKeyId}/${scopeText(scope)}, ` +
    `SignedHeaders=${signedHeadersOf(fields)}, Signature=${seed}`
  return {
    target,
    fields: [...fields, ['authorization', authorization]],
    parts: chunkParts(mode, chunks, scope, seed),
  }
}

function chunkParts(
  mode: ChunkedMode,
  chunks: readonly Buffer[],
  scope: Scope,
  seed: string,
): readonly Part[] {
  const key = signingKey(scope)
  let previous = seed
  const sign = (kind: string, ...rest: readonly string[]): string => {
    previous = signatureOf(key, [kind, scope.date, scopeText(scope), previous, ...rest].join('\n'))
    return previous
  }
  const parts: Part[] = []
  const put = (name: string, bytes: Buffer | string) =>
    parts.push({ name, bytes: typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes })
  for (const chunk of [...chunks, Buffer.alloc(0)]) {
    const isLast = chunk.length === 0
    const name = isLast ? 'final' : 'chunk'
    put(`${name} size`, chunk.length.toString(16))
    if (mode !== 'unsigned-trailer') {
      put(`${name} extension`, ';chunk-signature=')
      put(`${name} signature`, sign('AWS4-HMAC-SHA256-PAYLOAD', EMPTY_HASH, sha256Hex(chunk)))
    }
    put(`${name} line end`, '\r\n')
    if (isLast) break
    put('data', chunk)
    put('data end', '\r\n')
  }
  if (mode !== 'signed') {
    const value = crc32Text(chunks)
    put('trailer', `x-amz-checksum-crc32:${value}\r\n`)
    if (mode === 'signed-trailer') {
      const signature = sign(
        'AWS4-HMAC-SHA256-TRAILER',
        sha256Hex(`x-amz-checksum-crc32:${value}\n`),
      )
      put('trailer signature', `x-amz-trailer-signature:${signature}\r\n`)
    }
  }
  put('end', '\r\n')
  return parts
}

function crc32Text(chunks: readonly Buffer[]): string {
  const bytes = Buffer.alloc(4)
  let value = 0
  for (const chunk of chunks) value = crc32(chunk, value)
  bytes.writeUInt32BE(value)
  return bytes.toString('base64')
}

/** The octets of the parts. */
export function bytesOf(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map(({ bytes }) => bytes))
}

/** HTTP/1.1 chunks around octets, and their end. `pieces`: how many chunks. */
export function httpChunked(body: Buffer, pieces = 3): Buffer {
  const size = Math.max(1, Math.ceil(body.length / pieces))
  const out: Buffer[] = []
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    out.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
  }
  out.push(Buffer.from('0\r\n\r\n'))
  return Buffer.concat(out)
}

/** A request head as octets. */
export function headOf(method: string, target: string, fields: readonly Field[]): string {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `${method} ${target} HTTP/1.1\r\n${lines}\r\n`
}
