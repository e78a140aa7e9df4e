/** What a use of `node:crypto` in the product is, in the words of FIPS 140-3. */
export interface Algorithm {
  /** The standard that approves it; undefined: it is not approved. */
  readonly standard: string | undefined
  /** Where it may be used: files or folders of src, without the ending; undefined: anywhere. */
  readonly only?: readonly string[]
  /** Needed if it is not approved: why it is there, and what becomes of it in FIPS mode. */
  readonly why?: string
}

/**
 * The closed list of what the product asks of `node:crypto`: the function, and its first argument as it is written
 * if that chooses the algorithm. docs/fips.md has the same list for people.
 */
export const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  "hash('sha256')": { standard: 'FIPS 180-4' },
  "createHash('sha256')": { standard: 'FIPS 180-4' },
  "createHmac('sha256')": { standard: 'FIPS 198-1' },
  "hkdfSync('sha256')": { standard: 'SP 800-56C', only: ['sts/sealing-key'] },
  "createCipheriv('aes-256-gcm')": { standard: 'SP 800-38D', only: ['sts/session-token'] },
  "createDecipheriv('aes-256-gcm')": { standard: 'SP 800-38D', only: ['sts/session-token'] },
  "generateKeyPairSync('ed25519')": { standard: 'FIPS 186-5', only: ['trail/key-file'] },
  "generateKeyPairSync('ec')": { standard: 'FIPS 186-5', only: ['egress/certificate-authority'] },
  // Ed25519, which has its own hash.
  'sign(null)': { standard: 'FIPS 186-5', only: ['evidence/note'] },
  'verify(null)': { standard: 'FIPS 186-5', only: ['evidence/note'] },
  // ECDSA or RSA with SHA-256 or SHA-384, by the key of the organisation's CA.
  'sign(this.#algorithm.hash)': {
    standard: 'FIPS 186-5',
    only: ['egress/certificate-authority'],
  },
  // `sha1`, `sha256` or `sha512`: the checksum that a client declared, no protection.
  'createHash(algorithm)': { standard: 'FIPS 180-4', only: ['body/checksum', 'sweep/hash-file'] },
  // RFC 5280's identifier of a public key, no protection.
  "createHash('sha1')": {
    standard: 'FIPS 180-4',
    only: ['egress/certificate-authority', 'sandbox/checksum'],
  },
  "createHash('md5')": {
    standard: undefined,
    only: ['body/checksum', 'sandbox'],
    why: 'a checksum that a client declared, ETags of the embedded S3; refused in FIPS mode',
  },
  randomBytes: { standard: 'SP 800-90A' },
  timingSafeEqual: { standard: 'no algorithm: a comparison' },
  getFips: { standard: 'no algorithm: the mode' },
  getHashes: { standard: 'no algorithm: the names of hashes' },
  createPrivateKey: { standard: 'no algorithm: a file is parsed' },
  createPublicKey: { standard: 'no algorithm: a file is parsed' },
  X509Certificate: { standard: 'no algorithm: a file is parsed' },
}
