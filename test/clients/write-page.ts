import { readFileSync, writeFileSync } from 'node:fs'
import { updatePrograms } from './compatibility.ts'
import type { ProgramRow } from './run-programs.ts'

const DOCUMENT = 'docs/compatibility.md'

/** The rows of the programs that ran and went well, with today's date; the others keep theirs. */
export function writePage(rows: readonly ProgramRow[]): void {
  const date = new Date().toISOString().slice(0, 10)
  const right = rows.filter((row) => row.right)
  writeFileSync(DOCUMENT, updatePrograms(readFileSync(DOCUMENT, 'utf8'), right, date))
}
