import { createSecureContext, type SecureContext } from 'node:tls'
import type { CertificateAuthority } from './certificate-authority.ts'

/** Limit of cached host names; a client that asks for many buckets evicts older ones. */
export const LEAF_CONTEXTS_MAX = 1000
/** A leaf is issued again if its remaining lifetime is shorter. */
const RENEW_MS = 24 * 3_600_000

interface Leaf {
  readonly context: SecureContext
  readonly renewAtMs: number
}

/**
 * TLS contexts of S3's host names, created on first use; the least recently used are evicted first.
 */
export class LeafContexts {
  readonly #authority: CertificateAuthority
  readonly #leaves = new Map<string, Leaf>()

  constructor(authority: CertificateAuthority) {
    this.#authority = authority
  }

  get size(): number {
    return this.#leaves.size
  }

  /** `hostname`: lower case. Throws if the CA has expired. */
  contextFor(hostname: string, nowMs: number): SecureContext {
    const found = this.#leaves.get(hostname)
    this.#leaves.delete(hostname)
    const leaf =
      found !== undefined && nowMs < found.renewAtMs ? found : this.#make(hostname, nowMs)
    this.#leaves.set(hostname, leaf)
    if (this.#leaves.size > LEAF_CONTEXTS_MAX) {
      const oldest = this.#leaves.keys().next()
      if (oldest.done !== true) this.#leaves.delete(oldest.value)
    }
    return leaf.context
  }

  #make(hostname: string, nowMs: number): Leaf {
    const { cert, key, notAfterMs } = this.#authority.issue(hostname, nowMs)
    if (notAfterMs <= nowMs) throw new Error("the authority's certificate has expired")
    const context = createSecureContext({ cert, key, minVersion: 'TLSv1.2' })
    return { context, renewAtMs: notAfterMs - RENEW_MS }
  }
}
