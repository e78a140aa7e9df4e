/** The streams and surroundings of a command, so that it can be run by a test as by a shell. */
export interface Terminal {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends the process at once, whatever is still open. Left out: nothing does. */
  readonly exit?: (code: ExitCode) => void
}

/** 0 success, 1 failure while running, 2 wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2

/** A command runs to its end and says how it went; only main.ts ends the process. */
export type Command = (args: readonly string[], terminal: Terminal) => Promise<ExitCode>

/** What `parseArgs` found, in its first sentence: what follows there is about `--`. */
export function argumentFault(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return `${message.split(/\.(?:\s|$)/, 1)[0]}.`
}

/** Wrong usage: what is wrong, and where help is. */
export function usageError(terminal: Terminal, message: string): ExitCode {
  terminal.stderr(`sealgate: ${message}\nRun 'sealgate --help' for the usage.\n`)
  return 2
}
