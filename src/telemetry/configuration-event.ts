/** What became of the configuration: the line of the audit that says which one is at work, and since when. */
export interface ConfigurationEvent {
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly event: 'start' | 'reload' | 'stop'
  /** SHA-256 of the configuration at work, in hex. */
  readonly configHash: string
  /** Of the program. */
  readonly version: string
  readonly mode: 'enforce' | 'observe'
  /** What a reload replaced; undefined for the others. */
  readonly replaced?: ReplacedConfiguration | undefined
}

/** What a reload replaced, and in what the new one differs. */
export interface ReplacedConfiguration {
  readonly configHash: string
  readonly mode: 'enforce' | 'observe'
  readonly sections: readonly string[]
  readonly rulesAdded: readonly string[]
  readonly rulesRemoved: readonly string[]
  readonly rulesChanged: readonly string[]
}
