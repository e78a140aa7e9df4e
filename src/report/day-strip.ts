import { escapeHtml, formatCount } from '../base/html.ts'
import { absentMs } from './evidence-time.ts'
import type { ConfigurationChange, Summary } from './summarize.ts'

const DAY_MS = 86_400_000
/** Longer periods have several days in a column. */
const COLUMNS_MAX = 366

/** From the bottom of a bar to its top: a class, and the colour's name. */
const BARS = [
  'sealed',
  'exempt',
  'observed',
  'unconfirmed',
  'mismatched',
  'refused',
  'failed',
] as const

/** Heights in the drawing: bars, a gap, the mode, a gap, the time without evidence. */
const BAR_HEIGHT = 100
const MODE_TOP = 106
const MODE_HEIGHT = 8
const EVIDENCE_TOP = 120
const EVIDENCE_HEIGHT = 14
const HEIGHT = EVIDENCE_TOP + EVIDENCE_HEIGHT
const COLUMN_WIDTH = 10

/**
 * The days of the period as a drawing: bars of uploads by what became of them; below them, where mode
 * observe was at work and where the mode changed, and how much of the time has no evidence.
 */
export function dayStrip(summary: Summary): string {
  const startMs = Math.floor(Date.parse(summary.period.from) / DAY_MS) * DAY_MS
  const endMs = Date.parse(summary.period.to)
  const days = Math.max(1, Math.ceil((endMs - startMs) / DAY_MS))
  const daysEach = Math.ceil(days / COLUMNS_MAX)
  const columns = Math.ceil(days / daysEach)
  const bars = columnCounts(summary, startMs, columns, daysEach * DAY_MS)
  const highest = Math.max(1, ...bars.map((counts) => sum(counts)))
  const changes = modeChanges(summary.configurations.items)
  const shapes: string[] = []
  for (const [i, counts] of bars.entries()) {
    const x = i * COLUMN_WIDTH
    const fromMs = startMs + i * daysEach * DAY_MS
    const untilMs = Math.min(fromMs + daysEach * DAY_MS, endMs)
    const day = new Date(fromMs).toISOString().slice(0, 10)
    const words = BARS.filter((_, at) => (counts[at] ?? 0) > 0)
    const told = words.map((word) => `${formatCount(counts[BARS.indexOf(word)] ?? 0)} ${word}`)
    const absent = absentMs(summary.evidence.absences.items, fromMs, untilMs)
    const share = absent / Math.max(1, untilMs - fromMs)
    const without = absent === 0 ? '' : `; ${minutes(absent)} without evidence`
    let top = BAR_HEIGHT
    const rects = words.map((word) => {
      const height = ((counts[BARS.indexOf(word)] ?? 0) / highest) * BAR_HEIGHT
      top -= height
      return rect(word, x, top, COLUMN_WIDTH - 1, height)
    })
    if (changes.observedIn(fromMs, untilMs) || (counts[2] ?? 0) > 0) {
      rects.push(rect('observed', x, MODE_TOP, COLUMN_WIDTH, MODE_HEIGHT))
    }
    if (changes.times.some((ms) => ms >= fromMs && ms < untilMs)) {
      rects.push(rect('change', x + COLUMN_WIDTH / 3, MODE_TOP - 3, 3, MODE_HEIGHT + 6))
    }
    rects.push(rect('evidence', x, EVIDENCE_TOP, COLUMN_WIDTH, EVIDENCE_HEIGHT))
    if (absent > 0) {
      // A minute of a month would not be seen.
      const height = Math.max(3, share * EVIDENCE_HEIGHT)
      rects.push(rect('absent', x, HEIGHT - height, COLUMN_WIDTH, height))
    }
    shapes.push(
      `<g><title>${escapeHtml(`${day}: ${told.join(', ') || 'no upload'}${without}`)}</title>${rects.join('')}</g>`,
    )
  }
  const label = `${formatCount(summary.total.uploads)} uploads from ${summary.period.from} to ${summary.period.to}, by day; the tables below have the numbers`
  return `<svg viewBox="0 0 ${columns * COLUMN_WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escapeHtml(label)}">${shapes.join('')}</svg>
<p class="quiet">Each column is ${daysEach === 1 ? 'a day' : `${daysEach} days`} (UTC), the highest has ${formatCount(highest)} uploads. Below the bars: mode observe and mode changes, then time without evidence.</p>`
}

function rect(name: string, x: number, y: number, width: number, height: number): string {
  return `<rect class="${name}" x="${x.toFixed(1)}" y="${y.toFixed(2)}" width="${width}" height="${height.toFixed(2)}"/>`
}

/** Uploads of each column, in the order of BARS. */
function columnCounts(
  { by }: Summary,
  startMs: number,
  columns: number,
  columnMs: number,
): readonly number[][] {
  const counts = Array.from({ length: columns }, () => BARS.map(() => 0))
  for (const day of by.day) {
    const column = counts[Math.floor((Date.parse(day.name) - startMs) / columnMs)]
    if (column === undefined) continue
    for (const [i, word] of BARS.entries()) column[i] = (column[i] ?? 0) + day[word]
  }
  return counts
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

/** When the mode changed, and when a process ran in mode observe. */
function modeChanges(changes: readonly ConfigurationChange[]) {
  const times: number[] = []
  const spans: { readonly fromMs: number; untilMs: number }[] = []
  const open = new Map<string, { readonly fromMs: number; untilMs: number }>()
  for (const { time, event, instance, mode, previousMode } of changes) {
    const timeMs = Date.parse(time)
    if (previousMode !== null && previousMode !== mode) times.push(timeMs)
    const span = open.get(instance)
    if (mode === 'observe' && event !== 'stop') {
      if (span !== undefined) continue
      const added = { fromMs: timeMs, untilMs: Number.POSITIVE_INFINITY }
      open.set(instance, added)
      spans.push(added)
    } else if (span !== undefined) {
      span.untilMs = timeMs
      open.delete(instance)
    }
  }
  return {
    times,
    observedIn: (startMs: number, endMs: number): boolean =>
      spans.some(({ fromMs, untilMs }) => fromMs < endMs && untilMs > startMs),
  }
}

/** A time in words: `2 h 5 min`, `under a minute`. */
export function minutes(ms: number): string {
  const total = Math.round(ms / 60_000)
  if (total === 0) return 'under a minute'
  const [hours, rest] = [Math.floor(total / 60), total % 60]
  return [hours > 0 ? `${formatCount(hours)} h` : '', rest > 0 ? `${rest} min` : '']
    .filter(Boolean)
    .join(' ')
}
