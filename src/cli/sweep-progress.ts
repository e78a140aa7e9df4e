import { formatCount, formatSeconds } from '../sweep/format-numbers.ts'
import type { Terminal } from './command.ts'

const LINE_MS = 60_000
const BAR_MS = 250

/** What is said of how far a sweep is. */
interface ProgressFacts {
  /** What was done so far, of which rate and remaining time are computed. */
  readonly done: number
  /** Undefined: nobody knows. */
  readonly of: number | undefined
  /** More words. */
  readonly text: string
}

/** Shows how far a sweep is: one line that changes on a terminal, otherwise a line a minute. */
export class SweepProgress {
  readonly #terminal: Terminal
  readonly #isJson: boolean
  readonly #begun = performance.now()
  readonly #doneBefore: number
  #lastMs = performance.now()

  /** `doneBefore`: by former processes, which say nothing of this one's rate. */
  constructor(terminal: Terminal, isJson: boolean, doneBefore: number) {
    this.#terminal = terminal
    this.#isJson = isJson
    this.#doneBefore = doneBefore
  }

  show(facts: ProgressFacts): void {
    const now = performance.now()
    const isBar = this.#terminal.progress !== undefined && !this.#isJson
    if (now - this.#lastMs < (isBar ? BAR_MS : LINE_MS)) return
    this.#lastMs = now
    const { done, of, text } = facts
    const rate = (done - this.#doneBefore) / Math.max(0.001, (now - this.#begun) / 1000)
    const remaining = of === undefined || rate <= 0 ? undefined : (of - done) / rate
    if (this.#isJson) {
      const event = { event: 'progress', done, of, rate: Math.round(rate), remaining, text }
      this.#terminal.stdout(`${JSON.stringify(event)}\n`)
      return
    }
    const total = of === undefined ? '' : ` of ${formatCount(of)}`
    const left = remaining === undefined ? '' : `, ${formatSeconds(remaining)} left`
    const line = `${formatCount(done)}${total} objects, ${formatCount(rate)}/s${left}; ${text}`
    if (isBar) this.#terminal.progress?.(line)
    else this.#terminal.stderr(`${line}\n`)
  }

  /** Removes the line. */
  end(): void {
    if (!this.#isJson) this.#terminal.progress?.('')
  }
}
