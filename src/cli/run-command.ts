import type { CommandUnknownOpts } from '@commander-js/extra-typings'
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
    const problem = unknownTopic(program, args)
    if (problem !== undefined) program.error(problem)
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error)
    throw error
  }
}

/** Says which word behind `help` names no command: commander prints the general help for it. */
function unknownTopic(program: CommandUnknownOpts, args: readonly string[]): string | undefined {
  if (args[0] !== 'help') return undefined
  let command = program
  for (const name of args.slice(1)) {
    const next = command.commands.find((one) => one.name() === name)
    if (next === undefined) return name.startsWith('-') ? undefined : `error: no command '${name}'`
    command = next
  }
  return undefined
}
