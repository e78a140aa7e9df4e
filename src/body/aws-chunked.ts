import { refusal, type S3Error } from '../s3/error.ts'

/** The minimum size of a chunk that another non-empty chunk follows. */
export const MIN_CHUNK_BYTES = 8192

/** The text before a chunk's signature on its size line. */
export const CHUNK_SIGNATURE = ';chunk-signature='

/** The trailer with the signature of the other trailers. */
export const TRAILER_SIGNATURE = 'x-amz-trailer-signature'

/**
 * Returns the text that a trailer's signature covers; without a trailer, this is only the line end.
 */
export function trailerText(trailer: { name: string; value: string } | undefined): string {
  return trailer === undefined ? '\n' : `${trailer.name}:${trailer.value}\n`
}

/**
 * S3's IncompleteBody: the body ended before its framing did, or has another framing than its head
 * declares.
 */
export function incompleteBody(): S3Error {
  return refusal('IncompleteBody', 'body-incomplete', 'The request body terminated unexpectedly')
}

/** The decoded length differs from `x-amz-decoded-content-length`. */
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
 * Another chunk followed one that is too small. `chunk` counts from 1 and is the chunk after the
 * small one, as in S3's answers.
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

/** The bytes after the last chunk are not the announced trailer and its end. */
export function malformedTrailer(): S3Error {
  return refusal(
    'MalformedTrailerError',
    'trailer-malformed',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )
}

/** The signature of a chunk or of the trailer does not match its bytes. */
export function chunkSignatureMismatch(part: 'chunk' | 'trailer'): S3Error {
  return refusal(
    'SignatureDoesNotMatch',
    `${part}-signature-mismatch`,
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  )
}
