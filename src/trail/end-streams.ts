import type { Findings, Period } from './findings.ts'
import { isoOf, placeOf, SILENCE_MS, type StreamState } from './stream-state.ts'

/** All streams after the last line of the last file. `nowMs`: those that were active recently may still be open. */
interface TrailEnd {
  readonly findings: Findings
  readonly streams: ReadonlyMap<string, StreamState>
  readonly nowMs: number
}

/** Returns how many numbers have no line. */
export function endStream({ findings, streams, nowMs }: TrailEnd, state: StreamState): number {
  let lost = 0
  for (const hole of state.holes) {
    const count = hole.end - hole.first
    lost += count
    const range = count === 1 ? `line ${hole.first}` : `lines ${hole.first} to ${hole.end - 1}`
    const loss = state.losses.find(
      ({ first, end, isCut }) => first <= hole.first && end >= hole.end && (hole.isLinked || isCut),
    )
    if (loss !== undefined) {
      findings.gap(`${range} of stream ${state.id} are lost, as it says`, hole.place, loss)
    } else findings.fail(`${range} of stream ${state.id} are missing`, hole.place)
  }
  const { closed, nextSeq } = state
  const place = placeOf(state)
  if (closed !== undefined) {
    if (closed.lines !== state.lines && state.losses.every(({ isCut }) => !isCut)) {
      findings.fail(
        `stream ${state.id} has ${state.lines} lines, and ${closed.lines} by its close record`,
        place,
      )
    }
    return lost
  }
  if (Math.abs(nowMs - state.lastControlMs) <= SILENCE_MS) {
    findings.note(`stream ${state.id} is open`, place)
    return lost
  }
  const { fragmentBytes } = state
  const fragment = fragmentBytes > 0 ? `, one torn fragment of ${fragmentBytes} bytes` : ''
  const seen = Number.isNaN(state.lastControlMs)
    ? 'none'
    : new Date(state.lastControlMs).toISOString()
  findings.gap(
    `stream ${state.id} is cut after line ${nextSeq - 1}, last sign of life ${seen}${fragment}: a crash, or somebody cut it`,
    place,
    { fromMs: state.lastControlMs, untilMs: nextOpenMs(streams, state) },
  )
  return lost
}

/** When another process took the place of a stream's own, which had ended by then; infinite: none did. */
function nextOpenMs(
  streams: TrailEnd['streams'],
  { seat, lastControlMs, origin }: StreamState,
): number {
  let nextMs = Number.POSITIVE_INFINITY
  if (seat === undefined) return nextMs
  for (const other of streams.values()) {
    const isNext = other.seat === seat && other.origin === origin
    const { firstControlMs } = other
    if (isNext && firstControlMs > lastControlMs && firstControlMs < nextMs) {
      nextMs = firstControlMs
    }
  }
  return nextMs
}

/** Reports the time of the period in which no stream was open. */
export function checkCoverage(
  { findings, streams, nowMs }: TrailEnd,
  { fromMs, toMs }: Period,
): void {
  const lives = [...streams.values()]
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
      findings.gap(`no stream was open from ${isoOf(coveredMs)} to ${isoOf(untilMs)}`)
    }
    if (lastControlMs > coveredMs) coveredMs = lastControlMs
  }
}
