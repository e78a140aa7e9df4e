import type { HeaderList } from '../base/header-list.ts'
import { canonicalHeaderValue } from './canonical-request.ts'
import { equalSignatures, type SeedSignature } from './seed-signature.ts'

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/**
 * Verifies the chain of signatures of one body: every chunk once and in order, the empty last one
 * too, then the trailer. `sha256` is lower-case hex: of the chunk's data, or of
 * {@link canonicalTrailers}. After the first false nothing that follows is true.
 */
export interface ChunkSignatureVerifier {
  verifyChunk(signature: string, sha256: string): boolean
  verifyTrailer(signature: string, sha256: string): boolean
}

/** Makes the chain of signatures of one body; the same order, the same hashes. */
export interface ChunkSignatureSigner {
  signChunk(sha256: string): string
  signTrailer(sha256: string): string
}

/**
 * The signature of a chunk that follows `previous` (the seed's signature for the first).
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export function chunkSignature(seed: SeedSignature, previous: string, sha256: string): string {
  return seed.signingKey.sign(chunkPrefix(seed) + previous + CHUNK_MIDDLE + sha256)
}

/**
 * The signature of the trailer after the last (empty) chunk.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export function trailerSignature(seed: SeedSignature, previous: string, sha256: string): string {
  const text = `AWS4-HMAC-SHA256-TRAILER\n${seed.timestamp}\n${seed.scopeText}\n${previous}\n${sha256}`
  return seed.signingKey.sign(text)
}

/** The text of trailers that their signature covers: sorted by name, `name:value` and LF each. */
export function canonicalTrailers(trailers: HeaderList): string {
  const lines: string[] = []
  for (let i = 0; i < trailers.length; i += 2) {
    lines.push(`${trailers[i] ?? ''}:${canonicalHeaderValue(trailers[i + 1] ?? '')}\n`)
  }
  return lines.sort().join('')
}

/** A verifier of the body whose head's signature is `seed`. */
export function chunkVerifier(seed: SeedSignature): ChunkSignatureVerifier {
  const prefix = chunkPrefix(seed)
  let previous = seed.signature
  let isBroken = false
  const check = (signature: string, expected: string): boolean => {
    isBroken ||= !equalSignatures(signature, expected)
    previous = expected
    return !isBroken
  }
  return {
    verifyChunk: (signature, sha256) =>
      check(signature, seed.signingKey.sign(prefix + previous + CHUNK_MIDDLE + sha256)),
    verifyTrailer: (signature, sha256) =>
      check(signature, trailerSignature(seed, previous, sha256)),
  }
}

/** Takes any signature: for a client that is admitted without one, and signs with keys of its own. */
export function unverifiedChunks(): ChunkSignatureVerifier {
  return { verifyChunk: () => true, verifyTrailer: () => true }
}

/** A signer of the body whose head's signature is `seed`. */
export function chunkSigner(seed: SeedSignature): ChunkSignatureSigner {
  const prefix = chunkPrefix(seed)
  let previous = seed.signature
  return {
    signChunk: (sha256) => {
      previous = seed.signingKey.sign(prefix + previous + CHUNK_MIDDLE + sha256)
      return previous
    },
    signTrailer: (sha256) => trailerSignature(seed, previous, sha256),
  }
}

const CHUNK_MIDDLE = `\n${EMPTY_SHA256}\n`

function chunkPrefix(seed: SeedSignature): string {
  return `AWS4-HMAC-SHA256-PAYLOAD\n${seed.timestamp}\n${seed.scopeText}\n`
}
