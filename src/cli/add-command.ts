import type { Command } from '@commander-js/extra-typings'

/** The option that names the configuration. */
export const CONFIG = ['-c, --config <file>', 'the configuration (YAML)'] as const

/** Adds a command with its help; `path` is what stands before its name, as in `audit verify`. */
export function addCommand(program: Command, name: string, path = '') {
  return program
    .command(name)
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError(`Run 'sealgate ${path}${name} --help' for the usage.`)
    .allowExcessArguments(false)
}

/** The example at the end of a command's help. */
export function example(line: string): string {
  return `\nExample:\n  sealgate ${line}`
}
