/** A choice of the page: what a report is about. */
export interface ServedPeriod {
  /** As the query names it; empty: the whole trail. */
  readonly name: string
  /** `YYYY-MM-DDTHH:mm:ss.sssZ`; undefined: from the first line, to the last. */
  readonly from: string | undefined
  readonly to: string | undefined
}

export const WHOLE: ServedPeriod = { name: '', from: undefined, to: undefined }

const DAY_MS = 86_400_000
/** By the query's word: words of the link, and days before now. */
const LAST_DAYS: Readonly<Record<string, { readonly words: string; readonly days: number }>> = {
  '1d': { words: 'last 24 hours', days: 1 },
  '7d': { words: 'last 7 days', days: 7 },
  '30d': { words: 'last 30 days', days: 30 },
}
/** A month of UTC. */
const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/

/** Reads the value of `period`; undefined: it is none, or has not begun. */
export function readServedPeriod(name: string, nowMs: number): ServedPeriod | undefined {
  if (name === '') return WHOLE
  const last = Object.hasOwn(LAST_DAYS, name) ? LAST_DAYS[name] : undefined
  if (last !== undefined) return { name, from: time(nowMs - last.days * DAY_MS), to: undefined }
  const [, year, month] = MONTH.exec(name) ?? []
  if (year === undefined || month === undefined) return undefined
  const fromMs = Date.UTC(Number(year), Number(month) - 1)
  const endMs = Date.UTC(Number(year), Number(month))
  // A year below 100 would be one of the last century.
  if (fromMs >= nowMs || !time(fromMs).startsWith(name)) return undefined
  return { name, from: time(fromMs), to: endMs > nowMs ? undefined : time(endMs) }
}

/** What a page offers: query words and their meaning; months are the present one and the one before. */
export function offeredPeriods(nowMs: number): readonly { name: string; words: string }[] {
  const month = time(nowMs).slice(0, 7)
  const before = time(Date.parse(`${month}-01T00:00:00Z`) - DAY_MS).slice(0, 7)
  return [
    { name: '', words: 'whole trail' },
    ...Object.entries(LAST_DAYS).map(([name, { words }]) => ({ name, words })),
    ...[month, before].map((name) => ({ name, words: name })),
  ]
}

/** The period of a report in words. */
export function periodWords({ name }: ServedPeriod): string {
  if (name === '') return 'the whole trail'
  return LAST_DAYS[name]?.words ?? name
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}
