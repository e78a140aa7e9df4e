import { formatBytes, formatCount, formatSeconds } from '../sweep/format-numbers.ts'
import type { Terminal } from './command.ts'

const LINE_MS = 60_000
const BAR_MS = 250

/** How often it is looked whether it is time for a line. */
const LOOK_MS = 1000

/** What is said of how far a sweep is. */
interface ProgressFacts {
  /** What was done so far, of which rate and remaining time are computed. */
  readonly done: number
  /** Undefined: nobody knows. */
  readonly of: number | undefined
  /** What S3 copied so far; undefined: it copies nothing. */
  readonly bytes?: number | undefined
  /** Undefined: by the rate of what was done so far. */
  readonly remaining?: number | undefined
  /** More words. */
  readonly text: string
}

/**
 * Shows how far a sweep is: one line that changes on a terminal, otherwise a line a minute, also while
 * nothing ends.
 */
export class SweepProgress {
  readonly #terminal: Terminal
  readonly #isJson: boolean
  readonly #now: () => number
  readonly #begun: number
  readonly #doneBefore: number
  readonly #timer: NodeJS.Timeout
  #lastMs: number
  #facts: ProgressFacts | undefined

  /**
   * `doneBefore`: by former processes, which say nothing of this one's rate. `now`: a clock in
   * milliseconds that does not jump.
   */
  constructor(
    terminal: Terminal,
    isJson: boolean,
    doneBefore: number,
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal
    this.#isJson = isJson
    this.#now = now
    this.#begun = now()
    this.#lastMs = now()
    this.#doneBefore = doneBefore
    this.#timer = setInterval(() => this.#say(), Math.min(LOOK_MS, this.#everyMs)).unref()
  }

  show(facts: ProgressFacts): void {
    this.#facts = facts
    this.#say()
  }

  /** Removes the line. */
  end(): void {
    clearInterval(this.#timer)
    if (!this.#isJson) this.#terminal.progress?.('')
  }

  get #isBar(): boolean {
    return this.#terminal.progress !== undefined && !this.#isJson
  }

  get #everyMs(): number {
    return this.#isBar ? BAR_MS : LINE_MS
  }

  #say(): void {
    const facts = this.#facts
    const now = this.#now()
    if (facts === undefined || now - this.#lastMs < this.#everyMs) return
    this.#lastMs = now
    const { done, of, bytes, text } = facts
    const seconds = Math.max(0.001, (now - this.#begun) / 1000)
    const rate = (done - this.#doneBefore) / seconds
    const byRate = of === undefined || rate <= 0 ? undefined : (of - done) / rate
    const remaining = facts.remaining ?? byRate
    if (this.#isJson) {
      const event = { event: 'progress', done, of, bytes, rate: Math.round(rate), remaining, text }
      this.#terminal.stdout(`${JSON.stringify(event)}\n`)
      return
    }
    const total = of === undefined ? '' : ` of ${formatCount(of)}`
    const copied =
      bytes === undefined
        ? ''
        : `, ${formatBytes(bytes)} copied, ${formatBytes(Math.round(bytes / seconds))}/s`
    const left = remaining === undefined ? '' : `, ${formatSeconds(remaining)} left`
    const line = `${formatCount(done)}${total} objects, ${formatCount(rate)}/s${copied}${left}; ${text}`
    if (this.#isBar) this.#terminal.progress?.(line)
    else this.#terminal.stderr(`${line}\n`)
  }
}
