/** What a stream says of itself, between the lines of requests. */
export type ControlRecord =
  | OpenRecord
  /** Every minute: `requests` lines of requests so far, `lost` numbers used up without a line. */
  | { readonly record: 'alive'; readonly requests: number; readonly lost: number }
  /** Another policy is at work from here on. */
  | { readonly record: 'reload'; readonly policy: string }
  | LostRecord
  /** The stream goes on in the file `next`. */
  | { readonly record: 'rotate'; readonly next: string }
  /** The stream ends: `lines` stand in it, this one included. */
  | {
      readonly record: 'close'
      readonly lines: number
      readonly lost: number
      readonly reason: CloseReason
    }

/** `stop`: as it was told to. `exit`: the process ends at once, requests under way have no line. */
type CloseReason = 'stop' | 'exit'

/** Who writes the stream. */
export interface StreamFacts {
  /** Of the program. */
  readonly version: string
  /** The host, or the pod. */
  readonly replica: string
  /** From 1. */
  readonly worker: number
  /** The machine under it, if it is known. */
  readonly node: string | null
  /** `sha256:` and the hash of the policy's canonical form, hex. */
  readonly policy: string
}

/** The first line of a stream. */
interface OpenRecord extends Omit<StreamFacts, 'policy'> {
  readonly record: 'open'
  readonly origin: string
  readonly policy: string
  /** The last checkpoint that was there; null: none. */
  readonly previous: PreviousHead | null
}

/** A checkpoint as a line names it; `root` in base64. */
export interface PreviousHead {
  readonly origin: string
  readonly size: number
  readonly root: string
}

/**
 * Lines that are missing: `count` numbers from `first` on. `overflow`: they did not fit into the
 * buffer, and the line before them is followed by the one after. `file-deleted`, `file-shrunk`:
 * somebody took from a file what was written; some of the numbers may stand there all the same.
 */
interface LostRecord {
  readonly record: 'lost'
  readonly first: number
  readonly count: number
  /** When the first and the last were dropped, or when the file was last seen whole. */
  readonly from: string
  readonly until: string
  readonly cause: LostCause
}

export type LostCause = 'overflow' | 'file-deleted' | 'file-shrunk'

/** The record as a line of JSON without its LF: `time`, `record`, then the rest. */
export function formatControlRecord(time: string, record: ControlRecord): string {
  return JSON.stringify({ time, ...record })
}
