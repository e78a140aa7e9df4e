/** How one check of a suite ended. */
export interface CheckResult {
  readonly suite: string
  readonly name: string
  readonly kind: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped; empty for a pass. */
  readonly detail: string
}

/** Collects results and prints them as they come; the sum is the last line. */
export class Report {
  readonly results: CheckResult[] = []
  readonly #print: (line: string) => void
  readonly #verbose: boolean

  constructor(print: (line: string) => void, verbose = false) {
    this.#print = print
    this.#verbose = verbose
  }

  add(result: CheckResult): void {
    this.results.push(result)
    if (result.kind === 'failed') this.#print(`not ok ${result.suite}: ${result.name}`)
    if (result.kind === 'failed') this.#print(result.detail.replace(/^/gm, '    '))
    if (result.kind === 'skipped') {
      this.#print(`skipped ${result.suite}: ${result.name}: ${result.detail}`)
    }
    if (result.kind === 'passed' && this.#verbose) this.#print(`ok ${result.suite}: ${result.name}`)
  }

  /** Runs a check: what it throws is its failure. */
  async check(suite: string, name: string, run: () => Promise<void>): Promise<boolean> {
    try {
      await run()
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.add({ suite, name, kind: 'failed', detail })
      return false
    }
    this.add({ suite, name, kind: 'passed', detail: '' })
    return true
  }

  count(kind: CheckResult['kind'], suite?: string): number {
    return this.results.filter((one) => one.kind === kind && (!suite || one.suite === suite)).length
  }

  /** `N passed, N failed`, the last line of a runner. */
  summary(): string {
    return `${this.count('passed')} passed, ${this.count('failed')} failed`
  }
}
