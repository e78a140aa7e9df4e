import { EMPTY_SHA256 } from '../s3/payload.ts'
import { equalSignatures, type SeedSignature } from './seed-signature.ts'

/**
 * Verifies the chain of signatures of one body: every chunk once and in order, including the empty
 * last one, then the trailer. Signatures and hashes are lower-case hex; `sha256` is the hash of the
 * chunk's data, or of the trailer's text. After the first false every later call returns false.
 */
export interface ChunkVerifier {
  verifyChunk(signature: string, sha256: string): boolean
  verifyTrailer(signature: string, sha256: string): boolean
}

/** Creates the chain of signatures of one body, with the same order and hashes. */
export interface ChunkSigner {
  signChunk(sha256: string): string
  signTrailer(sha256: string): string
}

/**
 * Returns the signature of the trailer after the last (empty) chunk.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export function trailerSignature(seed: SeedSignature, previous: string, sha256: string): string {
  const text = `AWS4-HMAC-SHA256-TRAILER\n${seed.timestamp}\n${seed.scopeText}\n${previous}\n${sha256}`
  return seed.signingKey.sign(text)
}

/**
 * Creates a verifier for the body of the request with the signature `seed`: each chunk's signature
 * covers the previous one.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export function chunkVerifier(seed: SeedSignature): ChunkVerifier {
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

/**
 * Accepts any signature: for a client that is admitted without authentication but signs with
 * unknown keys.
 */
export function unverifiedChunks(): ChunkVerifier {
  return { verifyChunk: () => true, verifyTrailer: () => true }
}

/** Creates a signer for the body of the request with the signature `seed`. */
export function chunkSigner(seed: SeedSignature): ChunkSigner {
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
