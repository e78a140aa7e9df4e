import { parseArgs } from 'node:util'
import { failure, ok, type Result } from '../base/result.ts'
import { formatConfigError } from '../config/problems.ts'
import { argumentFault, type ExitCode, type Terminal, usageError } from './command.ts'
import { loadConfiguration } from './load-configuration.ts'

/** `sealgate check`: validates a configuration, prints every error with its path. 0 or 1. */
export async function check(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const argument = configArgument(args)
  if (!argument.ok) return usageError(terminal, `check ${argument.error}`)
  const file = argument.value
  const loaded = await loadConfiguration(file, terminal)
  if (!loaded.ok) {
    terminal.stderr(formatConfigError(loaded.error))
    return 1
  }
  for (const { path, message } of loaded.value.warnings) {
    terminal.stderr(`${file}: warning: ${path}: ${message}\n`)
  }
  terminal.stdout(`${file}: good\n`)
  return 0
}

/** The value of `--config`; where the arguments are anything else, the end of a sentence about it. */
export function configArgument(args: readonly string[]): Result<string, string> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { config: { type: 'string', short: 'c' } },
    })
    return values.config === undefined ? failure('needs --config FILE.') : ok(values.config)
  } catch (error) {
    return failure(`needs --config FILE: ${argumentFault(error)}`)
  }
}
