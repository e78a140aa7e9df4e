import { readdir, readFile } from 'node:fs/promises'
import type { Result } from '../base/result.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import type { ConfigError } from '../config/problems.ts'
import { readSmallFile } from '../service/read-small-file.ts'
import type { Terminal } from './command.ts'

/** The name of the standard input, in place of a file. */
const STANDARD_INPUT = '-'

/**
 * Loads the configuration file of a command; `-` is the standard input, whose relative paths are
 * resolved against the working directory. `withoutSecrets`: reads no other file, and needs no
 * environment variable.
 */
export function loadConfiguration(
  path: string,
  terminal: Terminal,
  withoutSecrets = false,
): Promise<Result<Config, ConfigError>> {
  const { env, memoryBytes, readInput } = terminal
  const read = (file: string): Promise<string> =>
    file === STANDARD_INPUT && readInput !== undefined ? readInput() : readFile(file, 'utf8')
  return loadConfig({
    path,
    readFile: read,
    readClientFile: readSmallFile,
    listFolder: readdir,
    env,
    memoryBytes,
    withoutSecrets,
  })
}
