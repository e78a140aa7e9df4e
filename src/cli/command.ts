/** The streams and environment of a command, so that tests can run it like a shell. */
export interface Terminal {
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Reads the standard input to its end. Absent: no standard input. */
  readonly readInput?: () => Promise<string>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The container's memory limit; undefined if unknown. */
  readonly memoryBytes?: number | undefined
  /** Shows how far a command is, in place of what was shown before; empty: nothing. If left out, nobody looks. */
  readonly progress?: (text: string) => void
  /** Ends the process immediately. Absent: does nothing. */
  readonly exit?: (code: ExitCode) => void
}

/** 0 success, 1 failure while running, 2 wrong usage or configuration, 3 `explain`: refused. */
export type ExitCode = 0 | 1 | 2 | 3

/**
 * Reports wrong usage that is only known after the configuration was read; returns the exit code.
 */
export function usageError(terminal: Terminal, message: string): ExitCode {
  terminal.stderr(`sealgate: ${message}\nRun 'sealgate --help' for the usage.\n`)
  return 2
}
