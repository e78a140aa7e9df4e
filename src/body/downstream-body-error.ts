const MESSAGES = {
  aborted: 'the client went away',
  idle: 'the client sent nothing for too long',
  malformed: 'what the client sent is not HTTP',
} as const satisfies Readonly<Record<string, string>>

/** The client stopped sending before its body was whole, or for too long, or its framing is broken. */
export class DownstreamBodyError extends Error {
  readonly kind: keyof typeof MESSAGES

  constructor(kind: keyof typeof MESSAGES) {
    super(MESSAGES[kind])
    this.kind = kind
  }
}
