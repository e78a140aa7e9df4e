import { createHash, createHmac, type Hash } from 'node:crypto'
import { S3Fault } from './fault.ts'
import { EMPTY_SHA256 } from './payload.ts'
import { isSameHex } from './signature.ts'

/** All but the last chunk have to be at least that long. */
const CHUNK_BYTES_MIN = 8192

/** A chunk's head is `<hex>;chunk-signature=<64 hex>`: longer ones are malformed. */
const LINE_BYTES_MAX = 1024

const TRAILERS_MAX = 10

/** The inputs for verifying the signatures of chunks and trailers. */
interface ChunkSigning {
  readonly signingKey: Buffer
  /** `YYYYMMDDTHHMMSSZ` */
  readonly dateTime: string
  /** `YYYYMMDD/<region>/s3/aws4_request` */
  readonly scope: string
  /** The signature of the request's head. */
  readonly seedSignature: string
}

/** How a body was encoded. */
export interface ChunkedForm {
  /** `undefined`: chunks bear no signatures. */
  readonly signing: ChunkSigning | undefined
  /** The name of the one trailer that may come, in lower case. */
  readonly trailer: string | undefined
}

/** Decodes a body piece by piece. */
interface ChunkedDecoder {
  /** Returns the payload in these bytes as slices, without copying. Throws `S3Fault`. */
  push(data: Buffer): readonly Buffer[]
  /** Call it at the end of the body. Throws `IncompleteBody`. Returns the trailer's value. */
  finish(): string | undefined
}

type State = 'size' | 'data' | 'data-end' | 'trailer' | 'done'

/**
 * Decodes `aws-chunked` and verifies every chunk signature and the trailer signature, with its own
 * HMAC code (aws4 has none). A payload slice is returned before its chunk is verified: the caller
 * must discard it if `push` or `finish` throws.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export function createChunkedDecoder(form: ChunkedForm): ChunkedDecoder {
  let state: State = 'size'
  let line = ''
  let left = 0
  let chunkNumber = 0
  let chunkBytes = 0
  let sawShortChunk = false
  let signature = ''
  let previousSignature = form.signing?.seedSignature ?? ''
  let hash: Hash | undefined
  const trailers: (readonly [name: string, value: string])[] = []

  function startChunk(): void {
    const { size, chunkSignature } = parseChunkHead(line, form.signing !== undefined)
    chunkNumber++
    if (size > 0 && sawShortChunk) {
      throw new S3Fault('InvalidChunkSizeError', undefined, [
        ['Chunk', String(chunkNumber)],
        ['BadChunkSize', String(chunkBytes)],
      ])
    }
    sawShortChunk = size < CHUNK_BYTES_MIN
    chunkBytes = size
    left = size
    signature = chunkSignature
    if (form.signing !== undefined) hash = createHash('sha256')
    if (size > 0) {
      state = 'data'
      return
    }
    endChunk()
    state = 'trailer'
  }

  function endChunk(): void {
    if (form.signing === undefined || hash === undefined) return
    const expected = sign(form.signing, [
      'AWS4-HMAC-SHA256-PAYLOAD',
      form.signing.dateTime,
      form.signing.scope,
      previousSignature,
      EMPTY_SHA256,
      hash.digest('hex'),
    ])
    if (!isSameHex(expected, signature)) throw new S3Fault('SignatureDoesNotMatch')
    previousSignature = expected
  }

  function endLine(): void {
    if (state === 'size') startChunk()
    else if (state === 'data-end') {
      if (line !== '') throw new S3Fault('IncompleteBody')
      endChunk()
      state = 'size'
    } else if (line !== '') {
      if (trailers.length === TRAILERS_MAX) throw new S3Fault('MalformedTrailerError')
      trailers.push(parseTrailer(line))
    } else {
      verifyTrailers(form, trailers, previousSignature)
      state = 'done'
    }
    line = ''
  }

  /** Reads payload from `start` on; returns its end. */
  function takePayload(data: Buffer, start: number, payload: Buffer[]): number {
    const slice = data.subarray(start, start + left)
    hash?.update(slice)
    payload.push(slice)
    left -= slice.length
    if (left === 0) state = 'data-end'
    return start + slice.length
  }

  /** Reads a line, or a part of one, from `start` on; returns its end. */
  function takeLine(data: Buffer, start: number): number {
    const feed = data.indexOf(0x0a, start)
    const end = feed === -1 ? data.length : feed + 1
    line += data.toString('latin1', start, end)
    if (line.length > LINE_BYTES_MAX) throw malformedLine(state)
    if (line.endsWith('\r\n')) {
      line = line.slice(0, -2)
      endLine()
    }
    return end
  }

  return {
    push(data) {
      const payload: Buffer[] = []
      let i = 0
      while (i < data.length) {
        if (state === 'done') {
          throw new S3Fault('IncompleteBody', 'The body goes on after its last chunk.')
        }
        i = state === 'data' ? takePayload(data, i, payload) : takeLine(data, i)
      }
      return payload
    },
    finish() {
      if (state !== 'done') throw new S3Fault('IncompleteBody')
      return trailers.find(([name]) => name === form.trailer)?.[1]
    },
  }
}

function parseChunkHead(line: string, isSigned: boolean) {
  const match = isSigned
    ? /^([0-9a-fA-F]{1,13});chunk-signature=([0-9a-fA-F]{64})$/.exec(line)
    : /^([0-9a-fA-F]{1,13})$/.exec(line)
  if (match === null) throw malformedLine('size')
  return { size: Number.parseInt(match[1] ?? '', 16), chunkSignature: match[2] ?? '' }
}

function malformedLine(state: State): S3Fault {
  return state === 'trailer'
    ? new S3Fault('MalformedTrailerError')
    : new S3Fault('IncompleteBody', 'The body is not well-formed aws-chunked.')
}

function parseTrailer(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  if (colon < 1) throw new S3Fault('MalformedTrailerError')
  // minio-go ends the value with a line feed of its own.
  return [line.slice(0, colon).toLowerCase().trim(), line.slice(colon + 1).trim()]
}

function verifyTrailers(
  form: ChunkedForm,
  trailers: readonly (readonly [string, string])[],
  previousSignature: string,
): void {
  const content = trailers.filter(([name]) => name !== 'x-amz-trailer-signature')
  const hasOnlyTheAnnounced =
    form.trailer === undefined
      ? trailers.length === 0
      : content.length === 1 && content[0]?.[0] === form.trailer
  if (!hasOnlyTheAnnounced) throw new S3Fault('MalformedTrailerError')
  const signatures = trailers.filter(([name]) => name === 'x-amz-trailer-signature')
  const isSigned = form.signing !== undefined && form.trailer !== undefined
  if (signatures.length !== (isSigned ? 1 : 0)) throw new S3Fault('MalformedTrailerError')
  if (form.signing === undefined || !isSigned) return
  const lines = content.map(([name, value]) => `${name}:${value}\n`).toSorted()
  const expected = sign(form.signing, [
    'AWS4-HMAC-SHA256-TRAILER',
    form.signing.dateTime,
    form.signing.scope,
    previousSignature,
    createHash('sha256').update(lines.join(''), 'latin1').digest('hex'),
  ])
  if (!isSameHex(expected, signatures[0]?.[1] ?? '')) throw new S3Fault('SignatureDoesNotMatch')
}

function sign(signing: ChunkSigning, lines: readonly string[]): string {
  return createHmac('sha256', signing.signingKey).update(lines.join('\n')).digest('hex')
}
