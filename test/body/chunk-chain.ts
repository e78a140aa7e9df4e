import { createHmac } from 'node:crypto'
import { EMPTY_SHA256 } from '../../src/s3/payload.ts'
import type { ChunkSigner, ChunkVerifier } from '../../src/sigv4/chunk-signature.ts'

/**
 * The chain of chunk signatures as AWS's page defines it, written for these tests alone: what they
 * agree on does not rest on src/sigv4. Signing key, date and scope are those of the page's examples.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export class ChunkChain implements ChunkSigner, ChunkVerifier {
  #previous: string

  constructor(seed: string) {
    this.#previous = seed
  }

  signChunk(sha256: string): string {
    return this.#sign(['AWS4-HMAC-SHA256-PAYLOAD', ...this.#scope(), EMPTY_SHA256, sha256])
  }

  signTrailer(sha256: string): string {
    return this.#sign(['AWS4-HMAC-SHA256-TRAILER', ...this.#scope(), sha256])
  }

  verifyChunk(signature: string, sha256: string): boolean {
    return this.signChunk(sha256) === signature
  }

  verifyTrailer(signature: string, sha256: string): boolean {
    return this.signTrailer(sha256) === signature
  }

  #scope(): string[] {
    return ['20130524T000000Z', '20130524/us-east-1/s3/aws4_request', this.#previous]
  }

  #sign(lines: readonly string[]): string {
    this.#previous = createHmac('sha256', SIGNING_KEY).update(lines.join('\n')).digest('hex')
    return this.#previous
  }
}

/** AKIAIOSFODNN7EXAMPLE's signing key for 20130524/us-east-1/s3. */
const SIGNING_KEY = Buffer.from(
  'dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378',
  'hex',
)
