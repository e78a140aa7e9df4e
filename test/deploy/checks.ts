/** What a check found: nothing wrong, or lines that say what. */
export type Finding = readonly string[]

/** Lines that are printed of one failure. */
const LINES_MAX = 50

/** Runs checks one after the other, prints a line for each, and counts. */
export class Checks {
  passed = 0
  failed = 0
  readonly #print: (line: string) => void

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  /** A heading, or what was installed: no check. */
  say(text: string): void {
    this.#print(text)
  }

  /** Passes when `body` finds nothing; what it throws is a finding too. Gives whether it passed. */
  async check(name: string, body: () => Finding | Promise<Finding>): Promise<boolean> {
    const findings = await runBody(body)
    if (findings.length === 0) {
      this.passed++
      this.#print(`ok      ${name}`)
      return true
    }
    this.failed++
    this.#print(`not ok  ${name}`)
    const lines = findings.flatMap((finding) => finding.trimEnd().split('\n'))
    for (const line of lines.slice(0, LINES_MAX)) this.#print(`          ${line.slice(0, 500)}`)
    if (lines.length > LINES_MAX)
      this.#print(`          and ${lines.length - LINES_MAX} lines more`)
    return false
  }

  /** Runs a group of checks; what it throws outside of them fails the group. */
  async guard(name: string, body: () => Promise<void>): Promise<void> {
    const findings = await runBody(async () => {
      await body()
      return []
    })
    if (findings.length > 0) await this.check(name, () => findings)
  }

  /** The closing line. */
  summary(): string {
    return `${this.passed} passed, ${this.failed} failed`
  }
}

async function runBody(body: () => Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await body()
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}
