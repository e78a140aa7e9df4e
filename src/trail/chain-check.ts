import { firstPrev, nextPrev, readChainFields } from '../evidence/chain.ts'
import { type ControlFacts, readControlFacts } from '../evidence/control-record.ts'
import { checkCoverage, endStream } from './end-streams.ts'
import type { Findings, Period } from './findings.ts'
import type { LineCursor } from './line-cursor.ts'
import { isWhole, LineFragments } from './line-fragments.ts'
import { follows, isoOf, placeOf, SILENCE_MS, type StreamState } from './stream-state.ts'

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
  readonly #fragments: LineFragments
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
    this.#fragments = new LineFragments(findings)
    this.#origins = origins
    this.#period = period
    this.#from = isoOf(period?.fromMs ?? 0)
    this.#to = isoOf(period?.toMs ?? 0)
  }

  /** Checks the next line of a file, without its LF. */
  take(line: Buffer, at: LineCursor): void {
    this.#lines++
    const last = this.#last
    if (last !== undefined && !this.#fragments.isOpen && follows(line, last)) {
      this.#advance(last, line, last.nextSeq, readControlFacts(line), at)
      return
    }
    const fields = readChainFields(line)
    if (fields === undefined) {
      this.#fragments.take(line, at.place)
      return
    }
    this.#fragments.explain(line, fields.seq, this.#last)
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
    this.#fragments.endFile(rest, file, last)
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
    const end = { findings: this.#findings, streams: this.#streams, nowMs }
    for (const state of this.#streams.values()) {
      requests += state.requests
      lost += endStream(end, state)
    }
    if (this.#period !== undefined) checkCoverage(end, this.#period)
    const newestMs = this.#newest === '' ? undefined : Date.parse(this.#newest)
    const inPeriod =
      this.#period === undefined
        ? undefined
        : { lines: this.#linesInPeriod, requests: this.#requestsInPeriod }
    return { streams: this.#streams.size, lines: this.#lines, requests, lost, newestMs, inPeriod }
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
}
