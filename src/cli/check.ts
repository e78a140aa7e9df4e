import { formatConfigError } from '../config/problems.ts'
import type { ExitCode, Terminal } from './command.ts'
import { loadConfiguration } from './load-configuration.ts'

/**
 * `sealgate check`: validates a configuration and prints every error with its path. `withoutFiles`:
 * does not read the files that it names. Returns 0 or 1.
 */
export async function check(
  file: string,
  withoutFiles: boolean,
  terminal: Terminal,
): Promise<ExitCode> {
  const loaded = await loadConfiguration(file, terminal, withoutFiles)
  if (!loaded.ok) {
    terminal.stderr(formatConfigError(loaded.error))
    return 1
  }
  for (const { path, message, file: at = file } of loaded.value.warnings) {
    terminal.stderr(`${at}: warning: ${path}: ${message}\n`)
  }
  terminal.stdout(`${file}: good\n`)
  return 0
}
