import type { Method } from './object-version.ts'

/** What a run has to do. */
export interface RunWork {
  readonly updates: number
  readonly copies: number
  /** Of the copies. */
  readonly copyBytes: number
}

/** How fast a run is: updates are counted, and copies take as long as their bytes. */
export class RunPace {
  readonly #left: RunWork
  readonly #now: () => number
  readonly #begun: number
  #updates = 0
  #copies = 0
  #copyBytes = 0

  /** `left`: of the whole run. `now`: a clock in milliseconds that does not jump. */
  constructor(left: RunWork, now: () => number = () => performance.now()) {
    this.#left = left
    this.#now = now
    this.#begun = now()
  }

  /** Takes note of a version that was changed. */
  note(method: Method, bytes: number): void {
    if (method === 'update') {
      this.#updates++
      return
    }
    this.#copies++
    this.#copyBytes += bytes
  }

  /** What S3 copied in this process. */
  get copiedBytes(): number {
    return this.#copyBytes
  }

  /** Undefined: of one kind nothing has been done yet. */
  get remainingSeconds(): number | undefined {
    const seconds = (this.#now() - this.#begun) / 1000
    const { updates, copies, copyBytes } = this.#left
    const times = [
      timeOf(updates, this.#updates, seconds),
      // Empty objects have no bytes.
      copyBytes > 0
        ? timeOf(copyBytes, this.#copyBytes, seconds)
        : timeOf(copies, this.#copies, seconds),
    ]
    let longest = 0
    for (const time of times) {
      if (time === undefined) return undefined
      longest = Math.max(longest, time)
    }
    return longest
  }
}

function timeOf(all: number, done: number, seconds: number): number | undefined {
  if (done >= all) return 0
  return done === 0 ? undefined : ((all - done) * seconds) / done
}
