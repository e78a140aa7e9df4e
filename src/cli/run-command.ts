import { CommanderError } from 'commander'
import type { ExitCode, Terminal } from './command.ts'
import { buildProgram, exitCodeOf } from './program.ts'

/** Runs the command that the arguments name; returns its exit code. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = buildProgram(terminal, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error)
    throw error
  }
}
