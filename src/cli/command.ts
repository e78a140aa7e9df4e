/** The streams and surroundings of a command, so that it can be run by a test as by a shell. */
export interface Terminal {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Reads the standard input to its end. If left out, there is none. */
  readonly readInput?: () => Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Memory that this container may take up; left out: not known. */
  readonly memoryBytes?: number | undefined
  /** Ends the process at once, whatever is still open. If left out, nothing does. */
  readonly exit?: (code: ExitCode) => void
}

/** 0 success, 1 failure while running, 2 wrong usage or configuration, 3 `explain`: refused. */
export type ExitCode = 0 | 1 | 2 | 3

/** Reports wrong usage that only the configuration shows; returns the exit code. */
export function usageError(terminal: Terminal, message: string): ExitCode {
  terminal.stderr(`sealgate: ${message}\nRun 'sealgate --help' for the usage.\n`)
  return 2
}
