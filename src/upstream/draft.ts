import type { DraftBody } from '../body/frame-body.ts'
import type { Addressed, Destination } from './destination.ts'

/** A request to S3 before its signature: everything is decided, nothing has been sent. */
export interface Draft {
  readonly method: string
  readonly addressed: Addressed
  readonly destination: Destination
  /** Flat, lower-case names; Host first. */
  readonly headers: readonly string[]
  /** The value of x-amz-content-sha256. */
  readonly payloadHash: string
  /** False: it is sent without a signature (a preflight, a form that bears its own). */
  readonly isSigned: boolean
  /** The client whose upstream credentials sign it, if it has its own. */
  readonly credentials: string | undefined
  /** Its framing may need the signature of the head. Sent once, if it is a stream. */
  readonly body: DraftBody
}
