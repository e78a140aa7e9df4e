import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** Resolves all addresses of a name. */
export type Resolve = (
  hostname: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void

/** The options of resolving. */
interface AddressesOptions {
  readonly resolve?: Resolve
  /** A monotonic clock. */
  readonly nowMs?: () => number
}

/** The addresses of S3's names are cached for 5 s. */
const HOLDS_MS = 5_000
/** While the resolver fails, its last answer stays in use. */
const STALE_MS = 5 * 60_000
const EJECTED_MS = 30_000
const NAMES_MAX = 512
const EJECTED_MAX = 1024

interface Known {
  readonly addresses: readonly LookupAddress[]
  readonly atMs: number
  /** The index of the first address for the next lookup. */
  next: number
}

/**
 * Resolves S3's names for connections. At most one query per name runs at a time, and its answer is
 * cached for seconds, so that a thousand new connections do not queue for libuv's four threads.
 * Each lookup starts at another address. An address that could not be connected to is tried last
 * for half a minute, but is never removed.
 */
export class Addresses {
  readonly #resolve: Resolve
  readonly #nowMs: () => number
  readonly #known = new Map<string, Known>()
  readonly #asking = new Map<string, Waiting[]>()
  /** The time until which an address is tried last. */
  readonly #ejected = new Map<string, number>()

  constructor({
    resolve = resolveBySystem,
    nowMs = () => performance.now(),
  }: AddressesOptions = {}) {
    this.#resolve = resolve
    this.#nowMs = nowMs
  }

  /** For the `lookup` option of net.connect and tls.connect. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    const answer: Waiting = (error, addresses) => {
      const [first] = addresses
      if (error !== null || first === undefined) callback(error ?? notFound(hostname), '', 0)
      else if (options.all === true) callback(null, [...addresses])
      else callback(null, first.address, first.family)
    }
    const known = this.#known.get(hostname)
    if (known !== undefined && this.#nowMs() - known.atMs < HOLDS_MS) {
      const addresses = this.#order(known)
      // Callers do not expect the callback before the call has returned.
      process.nextTick(() => answer(null, addresses))
      return
    }
    const waiting = this.#asking.get(hostname)
    if (waiting !== undefined) {
      waiting.push(answer)
      return
    }
    this.#asking.set(hostname, [answer])
    this.#resolve(hostname, (error, addresses) => this.#answered(hostname, error, addresses))
  }

  /** Reports that the address could not be connected to. */
  failed(address: string): void {
    if (this.#ejected.size >= EJECTED_MAX) this.#ejected.clear()
    this.#ejected.set(address, this.#nowMs() + EJECTED_MS)
  }

  #answered(
    hostname: string,
    error: NodeJS.ErrnoException | null,
    addresses: readonly LookupAddress[],
  ): void {
    const waiting = this.#asking.get(hostname) ?? []
    this.#asking.delete(hostname)
    const isAnswer = error === null && addresses.length > 0
    const known = isAnswer ? this.#keep(hostname, addresses) : this.#stale(hostname)
    for (const answer of waiting) {
      if (known === undefined) answer(error, [])
      else answer(null, this.#order(known))
    }
  }

  #keep(hostname: string, addresses: readonly LookupAddress[]): Known {
    const before = this.#known.get(hostname)
    if (before === undefined && this.#known.size >= NAMES_MAX) this.#known.clear()
    const known = { addresses, atMs: this.#nowMs(), next: before?.next ?? 0 }
    this.#known.set(hostname, known)
    return known
  }

  #stale(hostname: string): Known | undefined {
    const known = this.#known.get(hostname)
    return known !== undefined && this.#nowMs() - known.atMs < STALE_MS ? known : undefined
  }

  #order(known: Known): readonly LookupAddress[] {
    const { addresses } = known
    if (addresses.length < 2) return addresses
    const start = known.next % addresses.length
    known.next++
    const turned = [...addresses.slice(start), ...addresses.slice(0, start)]
    if (this.#ejected.size === 0) return turned
    const now = this.#nowMs()
    const isEjected = ({ address }: LookupAddress): boolean =>
      (this.#ejected.get(address) ?? 0) > now
    return [...turned.filter((one) => !isEjected(one)), ...turned.filter(isEjected)]
  }
}

type Waiting = (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void

const resolveBySystem: Resolve = (hostname, callback) =>
  systemLookup(hostname, { all: true }, callback)

function notFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' })
}
