import { type AuditLine, textOf } from './audit-line.ts'
import { BoundedList, type Listed } from './bounded-list.ts'

/**
 * Why there is no evidence of a time: no process had an open stream; lines were lost; a stream was
 * cut, so that its last minute is not known; or it gave no sign of life.
 */
type Absence = 'down' | 'lost' | 'cut' | 'silent'

/** A time without evidence. */
interface AbsentTime {
  readonly why: Absence
  readonly fromMs: number
  readonly untilMs: number
  /** The stream; undefined for `down`. */
  readonly stream: string | undefined
}

/** The times without evidence in a period. */
export interface EvidenceTimes {
  /** Whether the audit has streams, without which nothing is known about this. */
  readonly isKnown: boolean
  /** Sorted by time. */
  readonly absences: Listed<AbsentTime>
}

interface Stream {
  firstMs: number
  lastMs: number
  isClosed: boolean
  /** Of a report about the trail or of a sweep, and not of a process that serves. */
  isAside: boolean
}

/** A process has to give a sign of life in this time. */
const ALIVE_MS = 60_000
/** As `audit verify` has it: two signs of life are a minute apart; more is silence. */
const SILENCE_MS = 150_000
const ABSENCES_MAX = 1000

/** The records of a stream about itself, and lines that stand at their own time among them. */
const SIGNS: ReadonlySet<unknown> = new Set([
  'open',
  'alive',
  'reload',
  'lost',
  'rotate',
  'close',
  'report',
  'sweep',
])

/** Records of streams whose process serves nothing. */
const ASIDE: ReadonlySet<unknown> = new Set(['report', 'sweep'])

/** Follows the records of streams about themselves. */
export class EvidenceClock {
  readonly #streams = new Map<string, Stream>()
  readonly #absences: AbsentTime[] = []
  #dropped = 0

  /** Lines of one stream come in order. */
  take(line: AuditLine): void {
    const { record } = line
    const id = textOf(line, 'stream')
    const timeMs = timeOf(line, 'time')
    if (!SIGNS.has(record) || id === undefined || timeMs === undefined) return
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      const isAside = ASIDE.has(record)
      const added = { firstMs: timeMs, lastMs: timeMs, isClosed: record === 'close', isAside }
      this.#streams.set(id, added)
    } else {
      if (timeMs - stream.lastMs > SILENCE_MS) this.#add('silent', stream.lastMs, timeMs, id)
      stream.lastMs = Math.max(stream.lastMs, timeMs)
      if (record === 'close') stream.isClosed = true
      if (ASIDE.has(record)) stream.isAside = true
    }
    if (record !== 'lost') return
    const fromMs = timeOf(line, 'from')
    const untilMs = timeOf(line, 'until')
    if (fromMs !== undefined && untilMs !== undefined) this.#add('lost', fromMs, untilMs, id)
  }

  /** `nowMs`: a stream with a recent sign of life may still be open. */
  end(fromMs: number, toMs: number, nowMs: number): EvidenceTimes {
    const spans: Span[] = []
    const absences = [...this.#absences]
    for (const [id, { firstMs, lastMs, isClosed, isAside }] of this.#streams) {
      if (isAside) continue
      const isOpen = !isClosed && nowMs - lastMs <= SILENCE_MS
      spans.push({ fromMs: firstMs, untilMs: isOpen ? nowMs : lastMs })
      if (isClosed || isOpen) continue
      absences.push({ why: 'cut', fromMs: lastMs, untilMs: lastMs + ALIVE_MS, stream: id })
    }
    const endMs = Math.min(toMs, nowMs)
    const isKnown = spans.length > 0
    if (isKnown) {
      for (const span of complement(spans, fromMs, endMs)) {
        absences.push({ why: 'down', ...span, stream: undefined })
      }
    }
    const list = new BoundedList<AbsentTime>(ABSENCES_MAX)
    absences.sort((a, b) => a.fromMs - b.fromMs)
    for (const absence of absences) {
      const clipped = clip(absence, fromMs, endMs)
      if (clipped !== undefined) list.add({ ...absence, ...clipped })
    }
    const { items, more } = list.sorted((a, b) => a.fromMs - b.fromMs)
    return { isKnown, absences: { items, more: more + this.#dropped } }
  }

  #add(why: Absence, fromMs: number, untilMs: number, stream: string): void {
    if (this.#absences.length < ABSENCES_MAX) this.#absences.push({ why, fromMs, untilMs, stream })
    else this.#dropped++
  }
}

interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

function clip({ fromMs, untilMs }: Span, startMs: number, endMs: number): Span | undefined {
  const from = Math.max(fromMs, startMs)
  const until = Math.min(untilMs, endMs)
  return from > until || from > endMs ? undefined : { fromMs: from, untilMs: until }
}

/** The times of the period that no span covers. */
function complement(spans: readonly Span[], startMs: number, endMs: number): readonly Span[] {
  const free: Span[] = []
  let atMs = startMs
  for (const { fromMs, untilMs } of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    if (fromMs > atMs && atMs < endMs) free.push({ fromMs: atMs, untilMs: Math.min(fromMs, endMs) })
    atMs = Math.max(atMs, untilMs)
  }
  if (atMs < endMs) free.push({ fromMs: atMs, untilMs: endMs })
  return free
}

/** How much of a time without evidence lies in a span, overlaps counted once. */
export function absentMs(absences: readonly AbsentTime[], startMs: number, endMs: number): number {
  let total = 0
  let atMs = startMs
  // They are sorted by their start.
  for (const { fromMs, untilMs } of absences) {
    const from = Math.max(fromMs, atMs)
    const until = Math.min(untilMs, endMs)
    if (until <= from) continue
    total += until - from
    atMs = until
  }
  return total
}

function timeOf(line: AuditLine, name: string): number | undefined {
  const ms = Date.parse(textOf(line, name) ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
