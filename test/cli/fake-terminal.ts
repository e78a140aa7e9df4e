import type { ExitCode } from '../../src/cli/command.ts'
import { runCommand } from '../../src/cli/run-command.ts'

/** How a command ended, and what it printed. */
export interface CommandOutcome {
  readonly code: ExitCode
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command in this process as a shell would. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
  memoryBytes?: number,
): Promise<CommandOutcome> {
  let stdout = ''
  let stderr = ''
  const code = await runCommand(args, {
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    readInput: async () => input,
    env,
    memoryBytes,
  })
  return { code, stdout, stderr }
}
