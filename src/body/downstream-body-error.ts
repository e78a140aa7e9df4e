/** The client stopped sending before its body was whole, or for too long. */
export class DownstreamBodyError extends Error {
  readonly kind: 'aborted' | 'idle'

  constructor(kind: 'aborted' | 'idle') {
    super(kind === 'idle' ? 'the client sent nothing for too long' : 'the client went away')
    this.kind = kind
  }
}
