/** The limits of a room. */
interface RoomLimits {
  readonly bytesMax: number
  /** Of one owner: the others always find a place. */
  readonly ownerBytesMax: number
  /** The limit of a wait. */
  readonly waitMs: number
}

interface Waiting {
  readonly owner: string
  readonly bytes: number
  readonly end: (leave: (() => void) | undefined) => void
}

/**
 * A limit of bytes that many hold at the same time. Whoever finds no room waits, and gets it in the order of
 * arrival; an owner that holds its share does not hold up the others.
 */
export class ByteRoom {
  readonly #limits: RoomLimits
  readonly #waiting = new Set<Waiting>()
  readonly #byOwner = new Map<string, number>()
  #held = 0

  constructor(limits: RoomLimits) {
    this.#limits = limits
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#held
  }

  /**
   * Takes room; call the result once to give it back. Undefined if none became free in time. `bytes`: at most an
   * owner's limit.
   */
  enter(owner: string, bytes: number): Promise<(() => void) | undefined> {
    return new Promise((resolve) => {
      const waiting: Waiting = {
        owner,
        bytes,
        end: (leave) => {
          clearTimeout(timer)
          this.#waiting.delete(waiting)
          resolve(leave)
        },
      }
      const timer = setTimeout(() => {
        waiting.end(undefined)
        // It may have been the one that the others wait for.
        this.#admit()
      }, this.#limits.waitMs)
      this.#waiting.add(waiting)
      this.#admit()
    })
  }

  /** Small ones do not overtake large ones, which would otherwise never get their turn. */
  #admit(): void {
    const { bytesMax, ownerBytesMax } = this.#limits
    const full = new Set<string>()
    for (const { owner, bytes, end } of this.#waiting) {
      const own = this.#byOwner.get(owner) ?? 0
      if (full.has(owner) || own + bytes > ownerBytesMax) {
        full.add(owner)
        continue
      }
      if (this.#held + bytes > bytesMax) return
      this.#add(owner, bytes)
      end(() => {
        this.#add(owner, -bytes)
        this.#admit()
      })
    }
  }

  #add(owner: string, bytes: number): void {
    this.#held += bytes
    const own = (this.#byOwner.get(owner) ?? 0) + bytes
    if (own === 0) this.#byOwner.delete(owner)
    else this.#byOwner.set(owner, own)
  }
}
