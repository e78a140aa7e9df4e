import { pipeline, Readable, type Transform } from 'node:stream'
import type { ChunkFraming } from '../s3/payload.ts'
import { chunkSigner } from '../sigv4/chunk-signature.ts'
import type { SeedSignature } from '../sigv4/seed-signature.ts'
import type { DecodeOptions } from './aws-chunked-decoder.ts'
import { ChunkHashes } from './chunk-hashes.ts'
import { DecodeAwsChunked } from './decode-aws-chunked.ts'
import { EncodeAwsChunked } from './encode-aws-chunked.ts'
import type { FormFileOptions } from './form-file-parser.ts'
import type { FormFrame } from './form-writer.ts'
import { RewriteForm } from './rewrite-form.ts'

/** A body before it is sent: sent unchanged, or framed again as it passes. */
export type DraftBody = Buffer | Readable | ReframedChunks | ReframedForm | undefined

/** An aws-chunked body: decoded and verified, then sent plain or in our own chunks. */
interface ReframedChunks {
  readonly kind: 'chunks'
  readonly source: Readable
  readonly decode: DecodeOptions
  /** Undefined: not in chunks. */
  readonly encode: ChunkFraming | undefined
}

/** A POST form from its file's content on: our own form around the same bytes. */
interface ReframedForm {
  readonly kind: 'form'
  readonly source: Readable
  readonly frame: FormFrame
  readonly file: FormFileOptions
}

/**
 * Frames a body for sending. `seed`: the signature of the head, from which the chunk signatures
 * derive; undefined if the head is not signed. If the body does not match its head, the stream
 * fails before its last byte is output. Call it once for each stream.
 */
export function frameBody(
  body: DraftBody,
  seed: SeedSignature | undefined,
): Buffer | Readable | undefined {
  if (body === undefined || Buffer.isBuffer(body) || body instanceof Readable) return body
  if (body.kind === 'form') return chain(body.source, [], new RewriteForm(body.frame, body.file))
  if (body.encode === undefined) return chain(body.source, [], new DecodeAwsChunked(body.decode))
  if (seed === undefined) throw new Error('chunks are signed after their head')
  const hashes = new ChunkHashes()
  const decoder = new DecodeAwsChunked(body.decode, hashes)
  const encoder = new EncodeAwsChunked({
    framing: body.encode,
    signer: chunkSigner(seed),
    decodedLength: body.decode.decodedLength,
    trailer: () => decoder.trailer,
    hashes,
  })
  return chain(body.source, [decoder], encoder)
}

/** Returns whether the body can be sent a second time. */
export function isRepeatable(body: DraftBody): boolean {
  return body === undefined || Buffer.isBuffer(body)
}

/**
 * Joins the streams; the failure of one destroys the others, and the reader of the last one sees
 * it.
 */
function chain(source: Readable, between: readonly Transform[], last: Transform): Readable {
  pipeline([source, ...between, last], () => undefined)
  return last
}
