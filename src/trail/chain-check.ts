import { firstPrev, hasChainFields, nextPrev, readChainFields } from '../evidence/chain.ts'
import { type ControlFacts, readControlFacts } from '../evidence/control-record.ts'
import type { Findings, Period, Place, Span } from './findings.ts'
import type { LineCursor } from './line-cursor.ts'

/** A stream as far as it was read. */
interface StreamState {
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

/** The result for all chains. */
export interface ChainSummary {
  readonly streams: number
  readonly lines: number
  readonly requests: number
  readonly lost: number
  readonly newestMs: number | undefined
  /** The same of the period; undefined if none was asked for. */
  readonly inPeriod: { readonly lines: number; readonly requests: number } | undefined
}

/** Lines that a crash flush may repeat: one write and the queue behind it. */
const RECENT = 4096
/** Two records of a stream are a minute apart; more is silence. */
const SILENCE_MS = 150_000
/** Where the time of a line is: `{"time":"YYYY-MM-DDTHH:mm:ss.sssZ"`. */
const TIME = { at: 9, end: 33 } as const

/**
 * Follows every stream from line to line, by hashes that are computed from the bytes. Lines of one stream
 * come in order; streams may come mixed.
 */
export class ChainCheck {
  readonly #findings: Findings
  readonly #origins: readonly string[]
  readonly #streams = new Map<string, StreamState>()
  /** A line without the three fields, which the next one has to explain. */
  #fragment: { readonly bytes: Buffer; readonly place: Place } | undefined
  #last: StreamState | undefined
  #lines = 0
  #newest = ''
  readonly #period: Period | undefined
  /** The period as lines write times, and the lines in it. */
  readonly #from: string
  readonly #to: string
  #linesInPeriod = 0
  #requestsInPeriod = 0

  /** `origins`: names that a stream may belong to if its first line does not say. */
  constructor(findings: Findings, origins: readonly string[], period?: Period) {
    this.#findings = findings
    this.#origins = origins
    this.#period = period
    this.#from = isoOf(period?.fromMs ?? 0)
    this.#to = isoOf(period?.toMs ?? 0)
  }

  /** Checks the next line of a file, without its LF. */
  take(line: Buffer, at: LineCursor): void {
    this.#lines++
    const last = this.#last
    if (last !== undefined && this.#fragment === undefined && follows(line, last)) {
      this.#advance(last, line, last.nextSeq, readControlFacts(line), at)
      return
    }
    const fields = readChainFields(line)
    if (fields === undefined) {
      this.#takeUnchained(line, at.place)
      return
    }
    if (this.#fragment !== undefined) this.#explainFragment(line, fields.seq)
    const { stream, seq, prev } = fields
    const state = this.#streams.get(stream)
    const control = readControlFacts(line)
    if (state === undefined) {
      this.#begin(line, stream, seq, prev, control, at)
      return
    }
    this.#last = state
    if (seq === state.nextSeq && prev === state.prev && state.closed === undefined) {
      this.#advance(state, line, seq, control, at)
      return
    }
    this.#takeOdd(state, line, seq, prev, control, at)
  }

  /** Ends a file; `rest`: bytes after its last LF. */
  endFile(rest: Buffer, { file, line }: LineCursor): void {
    if (line === 0 && rest.length === 0) this.#findings.gap('an empty file', { file })
    const last = this.#last
    this.#last = undefined
    if (last !== undefined) last.recent = []
    this.#endFragment(rest, file, last)
    if (rest.length === 0) return
    const isTorn = last !== undefined && follows(rest, last)
    if (isWhole(rest) && !isTorn) {
      this.#findings.fail('a line without chain, and without its end', { file })
    } else if (last !== undefined && last.file === file && last.closed === undefined) {
      last.fragmentBytes = rest.length
    } else if (last?.file === file) {
      this.#findings.fail(`${rest.length} bytes stand behind the end of the stream`, { file })
    } else {
      this.#findings.gap(`a fragment of ${rest.length} bytes, and no line`, { file })
    }
  }

  /**
   * Ends all files: reports missing lines. `nowMs`: streams that were active recently may still be
   * open.
   */
  end(nowMs: number): ChainSummary {
    let lost = 0
    let requests = 0
    for (const state of this.#streams.values()) {
      requests += state.requests
      lost += this.#endStream(state, nowMs)
    }
    if (this.#period !== undefined) this.#checkCoverage(this.#period, nowMs)
    const newestMs = this.#newest === '' ? undefined : Date.parse(this.#newest)
    const inPeriod =
      this.#period === undefined
        ? undefined
        : { lines: this.#linesInPeriod, requests: this.#requestsInPeriod }
    return { streams: this.#streams.size, lines: this.#lines, requests, lost, newestMs, inPeriod }
  }

  /** Reports the time of the period in which no stream was open. */
  #checkCoverage({ fromMs, toMs }: Period, nowMs: number): void {
    const lives = [...this.#streams.values()]
      .map(({ firstControlMs, lastControlMs }) => ({ firstControlMs, lastControlMs }))
      .filter(({ firstControlMs }) => !Number.isNaN(firstControlMs))
      .sort((a, b) => a.firstControlMs - b.firstControlMs)
    const end = Math.min(toMs, nowMs)
    let coveredMs = Number.isFinite(fromMs) ? fromMs : (lives[0]?.firstControlMs ?? end)
    for (const { firstControlMs, lastControlMs } of [
      ...lives,
      { firstControlMs: end, lastControlMs: end },
    ]) {
      const untilMs = Math.min(firstControlMs, end)
      if (untilMs - coveredMs > SILENCE_MS) {
        this.#findings.gap(`no stream was open from ${isoOf(coveredMs)} to ${isoOf(untilMs)}`)
      }
      if (lastControlMs > coveredMs) coveredMs = lastControlMs
    }
  }

  #takeUnchained(line: Buffer, place: Place): void {
    if (line.length === 0) {
      this.#findings.gap('an empty line, as a crash leaves it', place)
      return
    }
    const before = this.#fragment
    if (before !== undefined && !areOfOneLine(before.bytes, line)) this.#refuseFragment()
    if (this.#fragment !== undefined && this.#fragment.bytes.length >= line.length) return
    this.#fragment = { bytes: Buffer.from(line), place: this.#fragment?.place ?? place }
  }

  /** A full disk cuts a line again and again; a kill then leaves its fragments at the end of the file. */
  #endFragment(rest: Buffer, file: string, last: StreamState | undefined): void {
    const fragment = this.#fragment
    if (fragment === undefined) return
    const { bytes } = fragment
    const isOpen = last === undefined || (last.file === file && last.closed === undefined)
    const isTorn = !isWhole(bytes) && (rest.length === 0 || areOfOneLine(bytes, rest))
    if (!isOpen || !isTorn) {
      this.#refuseFragment()
      return
    }
    this.#fragment = undefined
    if (last !== undefined) last.fragmentBytes = bytes.length
    else this.#findings.gap(`a fragment of ${bytes.length} bytes, and no line`, { file })
  }

  /** A write that a crash or a full disk cut is followed by the whole line, or by another life's first. */
  #explainFragment(next: Buffer, seq: number): void {
    const fragment = this.#fragment
    if (fragment === undefined) return
    const { bytes, place } = fragment
    const isRepeated = bytes.length < next.length && bytes.equals(next.subarray(0, bytes.length))
    // A torn line is no JSON, and another program would read this one.
    if (!isRepeated && (seq !== 0 || isWhole(bytes))) {
      this.#refuseFragment()
      return
    }
    this.#fragment = undefined
    if (isRepeated) this.#findings.note('a fragment of the line that follows it', place)
    else if (this.#last === undefined)
      this.#findings.gap(`a fragment of ${bytes.length} bytes`, place)
    else this.#last.fragmentBytes = bytes.length
  }

  #refuseFragment(): void {
    this.#findings.fail('a line without chain', this.#fragment?.place)
    this.#fragment = undefined
  }

  #begin(
    line: Buffer,
    id: string,
    seq: number,
    prev: string,
    control: ControlFacts | undefined,
    at: LineCursor,
  ): void {
    const { place } = at
    const opened = control?.record === 'open' ? control.origin : undefined
    const candidates = opened === undefined ? this.#origins : [opened]
    const origin = candidates.find((name) => firstPrev(name, id) === prev)
    const state: StreamState = {
      id,
      origin: origin ?? opened,
      file: at.file,
      line: at.line,
      offset: at.lineOffset,
      bytes: line.length,
      nextSeq: seq,
      prev,
      lines: 0,
      requests: 0,
      holes: [],
      losses: [],
      recent: [],
      closed: undefined,
      firstControlMs: Number.NaN,
      lastControlMs: Number.NaN,
      seat: control?.record === 'open' ? control.seat : undefined,
      fragmentBytes: 0,
    }
    this.#streams.set(id, state)
    this.#last = state
    if (seq > 0) {
      state.holes.push({ first: 0, end: seq, isLinked: false, place })
    } else if (origin === undefined && candidates.length > 0) {
      this.#findings.fail(
        `the first line of a stream does not follow the origin ${candidates.join(' or ')}`,
        place,
      )
    } else if (control?.record !== 'open') {
      this.#findings.fail('a stream does not begin with an open record', place)
    }
    if (opened !== undefined && this.#origins.length > 0 && !this.#origins.includes(opened)) {
      this.#findings.fail(`a stream of another origin, ${opened}`, place)
    }
    this.#advance(state, line, seq, control, at)
  }

  #advance(
    state: StreamState,
    line: Buffer,
    seq: number,
    control: ControlFacts | undefined,
    at: LineCursor,
  ): void {
    const computed = nextPrev(line)
    state.prev = computed
    state.nextSeq = seq + 1
    state.lines++
    state.file = at.file
    state.line = at.line
    state.offset = at.lineOffset
    state.bytes = line.length
    state.recent[seq % RECENT] = computed
    if (control === undefined) state.requests++
    else this.#takeControl(state, control)
    if (this.#period !== undefined) this.#countInPeriod(line, control === undefined)
  }

  #countInPeriod(line: Buffer, isRequest: boolean): void {
    const time = line.toString('latin1', TIME.at, TIME.end)
    if (time < this.#from || time >= this.#to) return
    this.#linesInPeriod++
    if (isRequest) this.#requestsInPeriod++
  }

  #takeOdd(
    state: StreamState,
    line: Buffer,
    seq: number,
    prev: string,
    control: ControlFacts | undefined,
    at: LineCursor,
  ): void {
    const { place } = at
    if (seq < state.nextSeq) {
      // Also after `close`: a running write at the end of the process comes last.
      const known = seq < state.nextSeq - RECENT ? undefined : state.recent[seq % RECENT]
      if (known === nextPrev(line)) {
        this.#findings.note(`line ${seq} of its stream stands there twice, the same`, place)
      } else if (known === undefined) {
        this.#findings.fail(
          `line ${seq} of its stream stands behind line ${state.nextSeq - 1}`,
          place,
        )
      } else {
        this.#findings.fail(`another line ${seq} of its stream: a fork`, place)
      }
      return
    }
    if (state.closed !== undefined) {
      this.#findings.fail('a line behind the end of its stream', place)
    } else if (seq > state.nextSeq) {
      const hole = { first: state.nextSeq, end: seq, isLinked: prev === state.prev, place }
      state.holes.push(hole)
    } else {
      // This line contains the hash of the previous one.
      this.#findings.fail('a line is not the one that the next line follows', placeOf(state))
    }
    this.#advance(state, line, seq, control, at)
  }

  #takeControl(state: StreamState, control: ControlFacts): void {
    const { record, time } = control
    const timeMs = Date.parse(time)
    if (Number.isNaN(timeMs)) this.#findings.fail('a record without a time', placeOf(state))
    else this.#noteTime(state, time, timeMs)
    if (record === 'open' && state.lines > 1) {
      this.#findings.fail('a stream is opened twice', placeOf(state))
    } else if (record === 'lost') {
      const { first, count, from, until, cause } = control
      state.losses.push({
        first,
        end: first + count,
        isCut: cause !== 'overflow',
        fromMs: Date.parse(from),
        untilMs: Date.parse(until),
      })
    } else if (record === 'close') {
      state.closed = { lines: control.lines, lost: control.lost }
    }
  }

  #noteTime(state: StreamState, time: string, timeMs: number): void {
    if (time > this.#newest) this.#newest = time
    if (timeMs < state.lastControlMs) {
      this.#findings.note(`the clock was set back to ${time}`, placeOf(state))
    } else if (timeMs - state.lastControlMs > SILENCE_MS) {
      const from = new Date(state.lastControlMs).toISOString()
      const span = { fromMs: state.lastControlMs, untilMs: timeMs }
      this.#findings.gap(`no sign of life from ${from} to ${time}`, placeOf(state), span)
    }
    if (Number.isNaN(state.firstControlMs)) state.firstControlMs = timeMs
    state.lastControlMs = timeMs
  }

  /** Returns how many numbers have no line. */
  #endStream(state: StreamState, nowMs: number): number {
    let lost = 0
    for (const hole of state.holes) {
      const count = hole.end - hole.first
      lost += count
      const range = count === 1 ? `line ${hole.first}` : `lines ${hole.first} to ${hole.end - 1}`
      const loss = state.losses.find(
        ({ first, end, isCut }) =>
          first <= hole.first && end >= hole.end && (hole.isLinked || isCut),
      )
      if (loss !== undefined) {
        this.#findings.gap(`${range} of stream ${state.id} are lost, as it says`, hole.place, loss)
      } else this.#findings.fail(`${range} of stream ${state.id} are missing`, hole.place)
    }
    const { closed, nextSeq } = state
    const place = placeOf(state)
    if (closed !== undefined) {
      if (closed.lines !== state.lines && state.losses.every(({ isCut }) => !isCut)) {
        this.#findings.fail(
          `stream ${state.id} has ${state.lines} lines, and ${closed.lines} by its close record`,
          place,
        )
      }
      return lost
    }
    if (Math.abs(nowMs - state.lastControlMs) <= SILENCE_MS) {
      this.#findings.note(`stream ${state.id} is open`, place)
      return lost
    }
    const { fragmentBytes } = state
    const fragment = fragmentBytes > 0 ? `, one torn fragment of ${fragmentBytes} bytes` : ''
    const seen = Number.isNaN(state.lastControlMs)
      ? 'none'
      : new Date(state.lastControlMs).toISOString()
    this.#findings.gap(
      `stream ${state.id} is cut after line ${nextSeq - 1}, last sign of life ${seen}${fragment}: a crash, or somebody cut it`,
      place,
      { fromMs: state.lastControlMs, untilMs: this.#nextOpenMs(state) },
    )
    return lost
  }

  /** When another process took the place of a stream's own, which had ended by then; infinite: none did. */
  #nextOpenMs({ seat, lastControlMs, origin }: StreamState): number {
    let nextMs = Number.POSITIVE_INFINITY
    if (seat === undefined) return nextMs
    for (const other of this.#streams.values()) {
      const isNext = other.seat === seat && other.origin === origin
      const { firstControlMs } = other
      if (isNext && firstControlMs > lastControlMs && firstControlMs < nextMs) {
        nextMs = firstControlMs
      }
    }
    return nextMs
  }
}

/** Returns whether a line is the next one of its stream, as nearly every line is. */
function follows(line: Buffer, { id, nextSeq, prev, closed }: StreamState): boolean {
  return closed === undefined && hasChainFields(line, { stream: id, seq: nextSeq, prev })
}

/** Returns whether both may be the beginning of one line, which was cut twice. */
function areOfOneLine(one: Buffer, other: Buffer): boolean {
  const [shorter, longer] = one.length < other.length ? [one, other] : [other, one]
  return !isWhole(shorter) && shorter.equals(longer.subarray(0, shorter.length))
}

/** Returns whether it is JSON, which no torn line is. */
function isWhole(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'))
    return true
  } catch {
    return false
  }
}

/** As lines write times; the ends of time if it is beyond what they can write. */
function isoOf(ms: number): string {
  if (Number.isNaN(ms)) return ''
  return new Date(Math.min(Math.max(ms, MIN_MS), MAX_MS)).toISOString()
}

const MIN_MS = Date.parse('0000-01-01T00:00:00.000Z')
const MAX_MS = Date.parse('9999-12-31T23:59:59.999Z')

/** The place of the last read line. */
function placeOf({ file, line, offset, bytes }: StreamState): Place {
  return { file, line, offset, bytes }
}
