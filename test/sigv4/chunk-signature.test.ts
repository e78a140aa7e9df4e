import t from 'tap'
import { sha256Hex } from '../../src/sigv4/canonical-request.ts'
import {
  chunkSigner,
  chunkVerifier,
  trailerSignature,
  unverifiedChunks,
} from '../../src/sigv4/chunk-signature.ts'
import type { SeedSignature } from '../../src/sigv4/seed-signature.ts'
import { deriveSigningKey } from '../../src/sigv4/signing-key.ts'
import { REGION, readFixture, SECRET_ACCESS_KEY, TIMESTAMP } from './example.ts'

interface Vectors {
  readonly scope: string
  readonly chunks: readonly number[]
  readonly trailers: readonly {
    readonly name: string
    readonly fields: readonly string[]
    readonly previous: string
    readonly signature: string
  }[]
}

// Fixtures of this project, written once: their shape is known.
const vectors = readFixture('sigv4-vectors.json') as Vectors
const docVectors = readFixture('sigv4-s3-doc-vectors.json') as Readonly<
  Record<string, { readonly signature: string }>
>

const published = (name: string): string => docVectors[name]?.signature ?? ''
const chunkHashes = vectors.chunks.map((size) => sha256Hex('a'.repeat(size)))

const seedOf = (signature: string): SeedSignature => ({
  signature,
  signingKey: deriveSigningKey(SECRET_ACCESS_KEY, '20130524', REGION, 's3'),
  timestamp: TIMESTAMP,
  scopeText: vectors.scope,
})

/** Of the fields `name:value` and LF each, as AWS's page has them: sorted by name. */
function trailerSha256(fields: readonly string[]): string {
  const lines: string[] = []
  for (let i = 0; i < fields.length; i += 2) lines.push(`${fields[i]}:${fields[i + 1]}\n`)
  return sha256Hex(lines.sort().join(''))
}

const trailerHash = trailerSha256(['x-amz-checksum-crc32c', 'sOO8/Q=='])

t.test('the chunks of the S3 documentation are signed and verified', (t) => {
  for (const [seedName, chunkName] of [
    ['Chunked seed', 'chunk'],
    ['Trailer seed', 'trailer-chunk'],
  ] as const) {
    const seed = seedOf(published(seedName))
    const signer = chunkSigner(seed)
    const verifier = chunkVerifier(seed)
    for (const [index, sha256] of chunkHashes.entries()) {
      const signature = published(`${chunkName} ${index}`)
      t.equal(signature.length, 64)
      t.equal(signer.signChunk(sha256), signature)
      t.ok(verifier.verifyChunk(signature, sha256))
    }
    if (seedName === 'Trailer seed') {
      t.equal(signer.signTrailer(trailerHash), published('trailer'))
      t.ok(verifier.verifyTrailer(published('trailer'), trailerHash))
    }
  }
  t.end()
})

t.test('published trailers have the published signatures', (t) => {
  for (const { name, fields, previous, signature } of vectors.trailers) {
    const seed = seedOf(published('Chunked seed'))
    t.equal(trailerSignature(seed, previous, trailerSha256(fields)), signature, name)
  }
  t.end()
})

t.test('a chunk that is changed, left out or repeated breaks the chain for good', (t) => {
  const seed = seedOf(published('Trailer seed'))
  const signatures = [0, 1, 2].map((index) => published(`trailer-chunk ${index}`))
  const orders = [
    { name: 'changed data', steps: [0, 'changed', 2] },
    { name: 'left out', steps: [0, 2] },
    { name: 'repeated', steps: [0, 0, 1, 2] },
    { name: 'swapped', steps: [1, 0, 2] },
    { name: 'another body', steps: ['changed', 1, 2] },
  ] as const
  for (const { name, steps } of orders) {
    const verifier = chunkVerifier(seed)
    let last = true
    for (const [index, step] of steps.entries()) {
      last =
        step === 'changed'
          ? verifier.verifyChunk(signatures[index] ?? '', sha256Hex('other'))
          : verifier.verifyChunk(signatures[step] ?? '', chunkHashes[step] ?? '')
    }
    t.equal(last, false, name)
    t.equal(verifier.verifyTrailer(published('trailer'), trailerHash), false, name)
  }
  t.end()
})

t.test('a trailer that is changed, or whose signature is none, is not verified', (t) => {
  const seed = seedOf(published('Trailer seed'))
  const verified = () => {
    const verifier = chunkVerifier(seed)
    for (const [index, sha256] of chunkHashes.entries()) {
      t.ok(verifier.verifyChunk(published(`trailer-chunk ${index}`), sha256))
    }
    return verifier
  }
  const other = sha256Hex('x-amz-checksum-crc32c:AAAAAA==\n')
  t.equal(verified().verifyTrailer(published('trailer'), other), false)
  t.equal(verified().verifyTrailer('', trailerHash), false)
  t.equal(verified().verifyTrailer(published('trailer').slice(1), trailerHash), false)
  t.ok(verified().verifyTrailer(published('trailer').toUpperCase(), trailerHash))
  t.end()
})

t.test('a client that is not asked for signatures may send any', (t) => {
  t.ok(unverifiedChunks().verifyChunk('', ''))
  t.ok(unverifiedChunks().verifyTrailer('', ''))
  t.end()
})
