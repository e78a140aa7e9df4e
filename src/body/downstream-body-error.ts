const MESSAGES = {
  aborted: 'the client disconnected',
  idle: 'the client sent nothing for too long',
  malformed: 'the body has malformed HTTP framing',
} as const satisfies Readonly<Record<string, string>>

/**
 * The client stopped sending before its body was complete, was silent for too long, or sent broken
 * framing.
 */
export class DownstreamBodyError extends Error {
  readonly kind: keyof typeof MESSAGES

  constructor(kind: keyof typeof MESSAGES) {
    super(MESSAGES[kind])
    this.kind = kind
  }
}
