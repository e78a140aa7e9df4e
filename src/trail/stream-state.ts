import { hasChainFields } from '../evidence/chain.ts'
import type { Place, Span } from './findings.ts'

/** A stream as far as it was read. */
export interface StreamState {
  readonly id: string
  readonly origin: string | undefined
  /** The file and line that was read last. */
  file: string
  line: number
  offset: number
  bytes: number
  nextSeq: number
  /** Hash of the line that was read last, computed from its bytes. */
  prev: string
  lines: number
  requests: number
  /** Missing numbers. */
  readonly holes: Hole[]
  readonly losses: Loss[]
  /** Hashes of the last lines, each at the rest of its number by RECENT: a crash can write lines twice. */
  recent: string[]
  closed: { readonly lines: number; readonly lost: number } | undefined
  /** The times of its first and its last record about itself. */
  firstControlMs: number
  lastControlMs: number
  /** Which process of which place wrote it; undefined: its first line is missing. */
  readonly seat: string | undefined
  fragmentBytes: number
}

/** Missing numbers that the stream tells of. */
interface Loss extends Span {
  readonly first: number
  readonly end: number
  /** A file was cut: some of the numbers may still exist. */
  readonly isCut: boolean
}

interface Hole {
  readonly first: number
  readonly end: number
  /** Whether the next line refers to this line's hash. */
  readonly isLinked: boolean
  readonly place: Place
}

/** Two records of a stream are a minute apart; more is silence. */
export const SILENCE_MS = 150_000

/** Returns whether a line is the next one of its stream, as nearly every line is. */
export function follows(line: Buffer, { id, nextSeq, prev, closed }: StreamState): boolean {
  return closed === undefined && hasChainFields(line, { stream: id, seq: nextSeq, prev })
}

/** The place of the last read line. */
export function placeOf({ file, line, offset, bytes }: StreamState): Place {
  return { file, line, offset, bytes }
}

/** As lines write times; the ends of time if it is beyond what they can write. */
export function isoOf(ms: number): string {
  if (Number.isNaN(ms)) return ''
  return new Date(Math.min(Math.max(ms, MIN_MS), MAX_MS)).toISOString()
}

const MIN_MS = Date.parse('0000-01-01T00:00:00.000Z')
const MAX_MS = Date.parse('9999-12-31T23:59:59.999Z')
