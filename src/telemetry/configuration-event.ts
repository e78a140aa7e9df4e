/** A configuration event: the audit line that names the active configuration from this time on. */
export interface ConfigurationEvent {
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly event: 'start' | 'reload' | 'stop'
  /** SHA-256 of the active configuration, in hex. */
  readonly configHash: string
  /** Of the program. */
  readonly version: string
  readonly mode: 'enforce' | 'observe'
  /** The configuration that a reload replaced; undefined for other events. */
  readonly replaced?: ReplacedConfiguration | undefined
}

/** The configuration that a reload replaced, and the differences. */
export interface ReplacedConfiguration {
  readonly configHash: string
  readonly mode: 'enforce' | 'observe'
  readonly sections: readonly string[]
  readonly rulesAdded: readonly string[]
  readonly rulesRemoved: readonly string[]
  readonly rulesChanged: readonly string[]
}
