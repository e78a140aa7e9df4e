import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { hmac, type Signed, sha256 } from './signature-reading.ts'
import { onlyValue, type WireField } from './wire-reading.ts'

/*
 * The fuzzer's own reading of an upload's body: plain, or aws-chunked with every chunk signature and the
 * trailer verified.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

/** The object that a body is, or why it is none. */
export type BodyReading =
  | { readonly kind: 'object'; readonly bytes: Buffer; readonly trailer: WireField | undefined }
  | { readonly kind: 'broken'; readonly why: string }

/** A body and what its head says of it; names in lower case. */
export interface DeclaredBody {
  readonly headers: readonly WireField[]
  readonly body: Buffer
  readonly isWhole: boolean
  /** Undefined: nobody signed it. `anybody`: nobody has to, so signatures of chunks mean nothing. */
  readonly signed: Signed | 'anybody' | undefined
}

const EMPTY = sha256('')
const STREAMING = 'STREAMING-'
const MODES = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { isSigned: true, hasTrailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { isSigned: true, hasTrailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { isSigned: false, hasTrailer: true },
} as const

/** Reads a body as S3 would store it. */
export function readBody(declared: DeclaredBody): BodyReading {
  if (!declared.isWhole) return broken('cut')
  const hash = onlyValue(declared.headers, 'x-amz-content-sha256') ?? ''
  if (hash.startsWith(STREAMING)) return readAwsChunked(declared, hash)
  if (/^[0-9a-f]{64}$/.test(hash) && hash !== sha256(declared.body)) return broken('payload hash')
  return hasDeclaredChecksums(declared.headers, declared.body)
    ? { kind: 'object', bytes: declared.body, trailer: undefined }
    : broken('declared checksum')
}

/** Every checksum that the head declares is the object's. */
function hasDeclaredChecksums(headers: readonly WireField[], bytes: Buffer): boolean {
  return headers.every((field) => isChecksum(field, bytes))
}

function broken(why: string): BodyReading {
  return { kind: 'broken', why }
}

function readAwsChunked(declared: DeclaredBody, hash: string): BodyReading {
  const mode = hash in MODES ? MODES[hash as keyof typeof MODES] : undefined
  if (mode === undefined) return broken('streaming mode')
  const { headers, body, signed } = declared
  if (mode.isSigned && signed === undefined) return broken('chunks that nobody signed')
  const chain = mode.isSigned && typeof signed === 'object' ? new ChunkChain(signed) : undefined
  const chunks = readChunks(body, mode.isSigned, chain)
  if (typeof chunks === 'string') return broken(chunks)
  const bytes = Buffer.concat(chunks.pieces)
  const declaredLength = onlyValue(headers, 'x-amz-decoded-content-length') ?? ''
  if (!/^\d+$/.test(declaredLength) || Number(declaredLength) !== bytes.length) {
    return broken('decoded length')
  }
  const trailer = readTrailer(body.toString('latin1', chunks.end), headers, mode.hasTrailer, chain)
  if (typeof trailer === 'string') return broken(trailer)
  if (!isChecksum(trailer, bytes)) return broken('trailing checksum')
  if (!hasDeclaredChecksums(headers, bytes)) return broken('declared checksum')
  return { kind: 'object', bytes, trailer }
}

/** The data of all chunks, and where the line of the last one ends. */
function readChunks(
  body: Buffer,
  isSigned: boolean,
  chain: ChunkChain | undefined,
): { pieces: readonly Buffer[]; end: number } | string {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const end = body.indexOf('\r\n', at)
    const head = readChunkHead(body.toString('latin1', at, Math.max(at, end)), isSigned)
    if (head === undefined) return 'chunk head'
    at = end + 2
    const data = body.subarray(at, at + head.size)
    if (data.length < head.size) return 'chunk data'
    if (chain?.takesChunk(data, head.signature) === false) return 'chunk signature'
    if (head.size === 0) return { pieces, end: at }
    pieces.push(data)
    at += head.size + 2
    if (body.toString('latin1', at - 2, at) !== '\r\n') return 'chunk end'
  }
}

function readChunkHead(
  line: string,
  isSigned: boolean,
): { size: number; signature: string } | undefined {
  const [, size = '', signature = ''] =
    /^([0-9A-Fa-f]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? []
  if (size === '' || isSigned !== (signature !== '')) return undefined
  return { size: Number.parseInt(size, 16), signature }
}

/** The trailer in what follows the line of the last chunk; a text: why it is none. */
function readTrailer(
  text: string,
  headers: readonly WireField[],
  hasTrailer: boolean,
  chain: ChunkChain | undefined,
): WireField | undefined | string {
  if (!text.endsWith('\r\n')) return 'end'
  const fields = text
    .split('\r\n')
    .filter((line) => line !== '')
    .map(readTrailerLine)
  const signature = fields.find(({ name }) => name === 'x-amz-trailer-signature')
  const trailers = fields.filter((field) => field !== signature)
  if (trailers.length > 1) return 'trailers'
  const [trailer] = trailers
  if (!hasTrailer) return trailer === undefined ? undefined : 'trailer in a mode without'
  if (trailer?.name !== onlyValue(headers, 'x-amz-trailer')?.toLowerCase()) {
    return 'trailer that is not announced'
  }
  if (chain === undefined || trailer === undefined) return trailer
  const signed = `${trailer.name}:${trailer.value}\n`
  return chain.takesTrailer(signed, signature?.value ?? '') ? trailer : 'trailer signature'
}

function readTrailerLine(line: string): WireField {
  const colon = line.indexOf(':')
  return { name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1).trim() }
}

function isChecksum(trailer: WireField | undefined, bytes: Buffer): boolean {
  if (trailer === undefined) return true
  const checksum = checksumOf(trailer.name, bytes)
  return checksum === undefined || checksum === trailer.value
}

/** Undefined: an algorithm that is not computed here. */
function checksumOf(name: string, bytes: Buffer): string | undefined {
  switch (name) {
    case 'x-amz-checksum-crc32': {
      const value = Buffer.alloc(4)
      value.writeUInt32BE(crc32(bytes))
      return value.toString('base64')
    }
    case 'content-md5':
      return createHash('md5').update(bytes).digest('base64')
    case 'x-amz-checksum-sha1':
      return createHash('sha1').update(bytes).digest('base64')
    case 'x-amz-checksum-sha256':
      return createHash('sha256').update(bytes).digest('base64')
    default:
      return undefined
  }
}

/** Each chunk's signature covers the one before it; the first covers the request's. */
class ChunkChain {
  readonly #signed: Signed
  #previous: string

  constructor(signed: Signed) {
    this.#signed = signed
    this.#previous = signed.signature
  }

  takesChunk(data: Buffer, signature: string): boolean {
    return this.#takes(`AWS4-HMAC-SHA256-PAYLOAD`, `${EMPTY}\n${sha256(data)}`, signature)
  }

  takesTrailer(text: string, signature: string): boolean {
    return this.#takes('AWS4-HMAC-SHA256-TRAILER', sha256(text), signature)
  }

  #takes(algorithm: string, end: string, signature: string): boolean {
    const { date, scope, key } = this.#signed
    const text = `${algorithm}\n${date}\n${scope}\n${this.#previous}\n${end}`
    this.#previous = hmac(key, text).toString('hex')
    return this.#previous === signature
  }
}
