import { parseArgs } from 'node:util'
import { formatConfigError } from '../config/problems.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { loadConfiguration } from './load-configuration.ts'

/** `sealgate check`: validates a configuration, prints every error with its path. 0 or 1. */
export async function check(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const file = configArgument(args)
  if (file === undefined) return usageError(terminal, 'check needs --config FILE.')
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

/** The value of `--config`; undefined where the arguments are anything else. */
export function configArgument(args: readonly string[]): string | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { config: { type: 'string', short: 'c' } },
    })
    return values.config
  } catch {
    return undefined
  }
}
