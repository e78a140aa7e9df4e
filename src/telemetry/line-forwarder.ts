/** Takes copies of audit lines elsewhere. It never makes a request wait. */
export interface LineForwarder {
  /** Takes a line with its newline, or counts it as undelivered. */
  push(line: string): void
  /** Lines that were given up since the start. */
  readonly undeliveredLines: number
  /** Sends what is pending until the time is over. Never rejects. */
  close(deadlineMs: number): Promise<void>
}
