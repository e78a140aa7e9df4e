import type { Report } from '../support/report.ts'
import type { PageShell } from './page-shell.ts'

/** Pages whose commands are run together. */
export interface Group {
  readonly name: string
  readonly pages: readonly string[]
  /** Debian's packages that the commands need. */
  readonly packages: readonly string[]
  /** Runs only if it is named: it downloads or builds much. */
  readonly isNamed?: true
  /** `shell` has a folder of its own. */
  readonly check: (report: Report, shell: PageShell) => Promise<void>
}
