import { writeFileSync } from 'node:fs'
import { isKeyName } from '../evidence/note.ts'
import { createKey } from '../trail/key-file.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { startProblem } from './start-problem.ts'

/** `sealgate audit keygen`: writes a new sealing key into a file, and prints its verifier key. */
export function auditKeygen(origin: string, file: string, terminal: Terminal): ExitCode {
  if (!isKeyName(origin)) {
    return usageError(
      terminal,
      'an origin has no spaces and no plus: audit.example.com/sealgate/gw-0',
    )
  }
  const { text, verifierKey } = createKey(origin)
  try {
    // Never over a key that is there: what it signed could not be gone on with.
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem('--out', error)}\n`)
    return 1
  }
  terminal.stdout(`${verifierKey}\n`)
  return 0
}
