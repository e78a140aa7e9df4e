import { readFileSync } from 'node:fs'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { USAGE } from './usage.ts'

/**
 * Runs the command that the arguments name. Each command's code is loaded only when it is called:
 * `--help` and `check` start without the proxy.
 */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args
  if (name !== 'inject' && (rest.includes('--help') || rest.includes('-h'))) {
    terminal.stdout(USAGE)
    return 0
  }
  switch (name) {
    case 'serve':
      return (await import('./serve.ts')).serve(rest, terminal)
    case 'check':
      return (await import('./check.ts')).check(rest, terminal)
    case 'explain':
      return (await import('./explain.ts')).explain(rest, terminal)
    case 'sandbox':
      return (await import('./sandbox.ts')).sandbox(rest, terminal)
    case 'probe':
      return (await import('./probe.ts')).probe(rest, terminal)
    case 'inject':
      return (await import('./inject.ts')).inject(rest, terminal)
    case '--help':
    case '-h':
    case 'help':
      terminal.stdout(USAGE)
      return 0
    case '--version':
    case '-v':
      terminal.stdout(`sealgate ${version()}\n`)
      return 0
    case undefined:
      terminal.stderr(USAGE)
      return 2
    default:
      return usageError(terminal, `unknown command '${name}'.`)
  }
}

function version(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text)
  return String(version)
}
