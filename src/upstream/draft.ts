import type { DraftBody } from '../body/frame-body.ts'
import type { Addressed, Destination } from './destination.ts'

/** A request to S3 before its signature: completely decided, nothing sent. */
export interface Draft {
  readonly method: string
  readonly addressed: Addressed
  readonly destination: Destination
  /** Flat, lower-case names; Host first. */
  readonly headers: readonly string[]
  /** The value of x-amz-content-sha256. */
  readonly payloadHash: string
  /** False: sent without a signature (a preflight, or a form, which has its own). */
  readonly isSigned: boolean
  /** The client whose own upstream credentials sign it, if it has some. */
  readonly credentials: string | undefined
  /** Its framing may need the signature of the head. A stream can only be sent once. */
  readonly body: DraftBody
}
