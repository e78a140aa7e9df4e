import { LinesGone, type Sealed, Sealer, type SealerOptions, SealerStopped } from './sealer.ts'

/** The options of a seal loop, and its callbacks. */
interface SealLoopOptions extends Omit<SealerOptions, 'keys'> {
  /** Throws if a key cannot be had; asked again then. */
  readonly readKeys: () => SealerOptions['keys']
  /** Longest time between two checkpoints while lines come. */
  readonly everyMs: number
  readonly onSealed: (sealed: Sealed) => void
  /** A tree was set aside, and another begun. */
  readonly onSetAside: (why: string) => void
  /** Sealing failed; it is retried unless `isFinal`. A repeated problem is not reported again. */
  readonly onProblem: (problem: string, isFinal: boolean) => void
}

/** The interval of checks of the files. */
const LOOK_MS = 1_000
/** This many lines are sealed at once. */
const LINES_MAX = 10_000

/** Seals a trail as it grows. */
export class SealLoop {
  readonly #options: SealLoopOptions
  #sealer: Sealer | undefined
  #timer: NodeJS.Timeout | undefined
  #sealedAtMs = Number.NEGATIVE_INFINITY
  #problem: string | undefined
  #isStopped = false
  #onStopped: () => void = () => undefined
  /** Ends when nothing more is sealed. */
  readonly stopped: Promise<void>

  constructor(options: SealLoopOptions) {
    this.#options = options
    this.stopped = new Promise((resolve) => {
      this.#onStopped = resolve
    })
  }

  start(): void {
    this.#look()
  }

  /** Seals all pending lines once, and ends. */
  stop(): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    this.#attempt(() => this.#sealAll())
    this.#end()
  }

  readonly #look = (): void => {
    let hasMore = false
    this.#attempt(() => {
      const sealer = this.#open()
      const gathered = sealer.gather()
      hasMore = gathered.hasMore
      const isDue = performance.now() - this.#sealedAtMs >= this.#options.everyMs
      if (isDue || gathered.hasClosed || sealer.unsealed >= LINES_MAX) this.#seal(sealer)
    })
    if (!this.#isStopped) this.#timer = setTimeout(this.#look, hasMore ? 0 : LOOK_MS)
  }

  #sealAll(): void {
    const sealer = this.#open()
    while (sealer.gather().hasMore) this.#seal(sealer)
    this.#seal(sealer)
  }

  #open(): Sealer {
    if (this.#sealer !== undefined) return this.#sealer
    const { readKeys, onSetAside } = this.#options
    this.#sealer = Sealer.open({ ...this.#options, keys: readKeys() })
    if (this.#sealer.setAside !== undefined) onSetAside(this.#sealer.setAside)
    return this.#sealer
  }

  #seal(sealer: Sealer): void {
    const sealed = sealer.seal()
    if (sealed === undefined) return
    this.#sealedAtMs = performance.now()
    this.#problem = undefined
    this.#options.onSealed(sealed)
  }

  #attempt(step: () => void): void {
    try {
      step()
    } catch (error) {
      const isFinal = error instanceof SealerStopped
      if (error instanceof LinesGone) this.#sealer = undefined
      const problem = error instanceof Error ? error.message : String(error)
      if (problem !== this.#problem) this.#options.onProblem(problem, isFinal)
      this.#problem = problem
      if (isFinal) this.#end()
    }
  }

  #end(): void {
    this.#isStopped = true
    this.#onStopped()
  }
}
