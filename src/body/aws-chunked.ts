import { refusal, type S3Error } from '../s3/error.ts'

/** The smallest chunk that may be followed by another one that is not empty. */
export const MIN_CHUNK_BYTES = 8192

/** What precedes a chunk's signature on its size line. */
export const CHUNK_SIGNATURE = ';chunk-signature='

/** The trailer that carries the signature of the others. */
export const TRAILER_SIGNATURE = 'x-amz-trailer-signature'

/** The text that a trailer's signature covers; a body without a trailer signs the line's end. */
export function trailerText(trailer: { name: string; value: string } | undefined): string {
  return trailer === undefined ? '\n' : `${trailer.name}:${trailer.value}\n`
}

/** The body ended before its framing did, or is not framed as its head says. S3's IncompleteBody. */
export function incompleteBody(): S3Error {
  return refusal('IncompleteBody', 'body-incomplete', 'The request body terminated unexpectedly')
}

/** The chunks together are not as long as `x-amz-decoded-content-length` says. */
export function decodedLengthMismatch(expected: number, provided: number): S3Error {
  return refusal(
    'IncompleteBody',
    'decoded-length-mismatch',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
    [
      ['NumberBytesExpected', String(expected)],
      ['NumberBytesProvided', String(provided)],
    ],
  )
}

/**
 * A chunk that is too small was followed by another one. `chunk` counts from 1 and is the chunk
 * that came after the small one: so does S3.
 *
 * Source: answers of S3 quoted in https://github.com/versity/versitygw/issues/1683.
 */
export function invalidChunkSize(chunk: number, badChunkSize: number): S3Error {
  return refusal(
    'InvalidChunkSizeError',
    'chunk-too-small',
    'Only the last chunk is allowed to have a size less than 8192 bytes',
    [
      ['Chunk', String(chunk)],
      ['BadChunkSize', String(badChunkSize)],
    ],
  )
}

/** What follows the last chunk is not the announced trailer and its end. */
export function malformedTrailer(): S3Error {
  return refusal(
    'MalformedTrailerError',
    'trailer-malformed',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )
}

/** A chunk's or the trailer's signature is not the one that its bytes have. */
export function chunkSignatureMismatch(part: 'chunk' | 'trailer'): S3Error {
  return refusal(
    'SignatureDoesNotMatch',
    `${part}-signature-mismatch`,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  )
}
