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
