import { readFile } from 'node:fs/promises'
import type { Result } from '../base/result.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import type { ConfigError } from '../config/problems.ts'
import type { Terminal } from './command.ts'

/** Loads the configuration file of a command. */
export function loadConfiguration(
  path: string,
  terminal: Terminal,
): Promise<Result<Config, ConfigError>> {
  const { env, memoryBytes } = terminal
  return loadConfig({ path, readFile: (file) => readFile(file, 'utf8'), env, memoryBytes })
}
