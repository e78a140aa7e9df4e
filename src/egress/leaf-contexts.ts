import { createSecureContext, type SecureContext } from 'node:tls'
import type { CertificateAuthority } from './certificate-authority.ts'

/** Host names at once; a client that asks for every bucket there is pushes older ones out. */
export const LEAF_CONTEXTS_MAX = 1000
/** A leaf is made anew when less than this is left of it. */
const RENEW_MS = 24 * 3_600_000

interface Leaf {
  readonly context: SecureContext
  readonly renewAtMs: number
}

/** TLS contexts of S3's host names, each made when it is first asked for; least recently used go first. */
export class LeafContexts {
  readonly #authority: CertificateAuthority
  readonly #leaves = new Map<string, Leaf>()

  constructor(authority: CertificateAuthority) {
    this.#authority = authority
  }

  get size(): number {
    return this.#leaves.size
  }

  /** `hostname`: lower case. Throws where the authority has expired. */
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
