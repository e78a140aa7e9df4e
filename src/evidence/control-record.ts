/** The records of a stream about itself, between the lines of requests. */
export type ControlRecord =
  | OpenRecord
  /** Every minute: `requests` lines of requests so far, `lost` numbers used up without a line. */
  | { readonly record: 'alive'; readonly requests: number; readonly lost: number }
  /** Another policy is at work from here on. */
  | { readonly record: 'reload'; readonly policy: string }
  | LostRecord
  /** The stream continues in the file `next`. */
  | { readonly record: 'rotate'; readonly next: string }
  /** Somebody made a report of the trail; its bytes have this SHA-256, in hex. */
  | {
      readonly record: 'report'
      readonly sha256: string
      readonly command: string
      readonly from: string
      readonly to: string
    }
  /** The stream ends with `lines` lines, including this one. */
  | {
      readonly record: 'close'
      readonly lines: number
      readonly lost: number
      readonly reason: CloseReason
    }

/** `stop`: a normal stop. `exit`: the process ends immediately, running requests have no line. */
type CloseReason = 'stop' | 'exit'

/** Who writes the stream. */
export interface StreamFacts {
  /** The program's version. */
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
  /** Null for a stream of a report, which serves nothing. */
  readonly policy: string | null
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
 * Missing lines: `count` numbers from `first` on. `overflow`: they did not fit into the buffer, and
 * the chain continues without them. `file-deleted`, `file-shrunk`: written lines were removed from
 * a file; some of the numbers may still exist.
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

/** The facts that a verifier reads from a stream's own record. */
export type ControlFacts = { readonly time: string } & (
  | {
      readonly record: 'open'
      readonly origin: string | undefined
      /** The process of that place: one at a time writes. */
      readonly seat: string
    }
  | {
      readonly record: 'lost'
      readonly first: number
      readonly count: number
      readonly from: string
      readonly until: string
      readonly cause: string
    }
  | { readonly record: 'close'; readonly lines: number; readonly lost: number }
  /** Any other; it is a sign of life. */
  | { readonly record: 'other' }
)

/** The start of every such record, after a time of 24 characters. */
const RECORD = ',"record":"'
const RECORD_AT = '{"time":"2026-11-28T15:00:00.000Z"'.length
const TIME_AT = '{"time":"'.length
const TIME_CHARS = 24

/** Reads a line, without its LF; undefined: it is the line of a request. */
export function readControlFacts(line: Buffer): ControlFacts | undefined {
  // For each line of a trail: the first byte that differs ends it.
  if (line[RECORD_AT + 2] !== 0x72) return undefined
  if (line.toString('latin1', RECORD_AT, RECORD_AT + RECORD.length) !== RECORD) return undefined
  const time = line.toString('latin1', TIME_AT, TIME_AT + TIME_CHARS)
  const fields = parseObject(line.toString('utf8'))
  const number = (name: string): number => {
    const value: unknown = Reflect.get(fields, name)
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0
  }
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(fields, name)
    return typeof value === 'string' ? value : undefined
  }
  switch (text('record')) {
    case 'open':
      return {
        time,
        record: 'open',
        origin: text('origin'),
        seat: `${text('replica') ?? ''} ${number('worker')}`,
      }
    case 'lost':
      return {
        time,
        record: 'lost',
        first: number('first'),
        count: number('count'),
        from: text('from') ?? '',
        until: text('until') ?? '',
        cause: text('cause') ?? '',
      }
    case 'close':
      return { time, record: 'close', lines: number('lines'), lost: number('lost') }
    default:
      return { time, record: 'other' }
  }
}

function parseObject(text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
