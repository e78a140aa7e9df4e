import { ASSUMPTIONS, describeEstimate, estimateRun } from './estimate.ts'
import { formatBytes, formatCount, printable } from './format-numbers.ts'
import type { BucketInspection } from './inspect-bucket.ts'
import { OBJECT_CLASSES } from './object-version.ts'
import type { ClassCount, PlanTotals } from './plan-totals.ts'

/** A finished plan. */
export interface PlanResult {
  readonly totals: PlanTotals
  readonly deleteMarkers: number
  readonly unreadable: number
  /** SHA-256 of the plan, hex. */
  readonly hash: string
}

/** What the classes mean, in a line. */
const MEANINGS = {
  sealed: 'under the rule’s key',
  exempt: 'left alone by a rule',
  update: 'get the key in place; nothing else changes',
  copy: 'copied onto themselves, if the losses are accepted',
  locked: 'kept by Object Lock',
  archived: 'a copy needs a restore, which a sweep never makes',
  cannot: 'no method',
  'customer-key': 'under keys that only clients have (SSE-C)',
  undecided: 'no rule decides',
  'cannot-know': 'S3 did not say what they are',
  moving: 'changed again and again meanwhile',
  gone: 'deleted since they were listed',
} as const

/** The preflight of one bucket, for people. */
export function formatInspection({ facts, findings }: BucketInspection, notes: readonly string[]) {
  const lines = findings.map(
    ({ name, level, text }) =>
      `  ${level === 'warning' ? '!' : ' '} ${name.padEnd(19)}${printable(text)}`,
  )
  const more = notes.map((note) => `  ! ${printable(note)}`)
  return `${printable(facts.bucket)}\n${[...lines, ...more].join('\n')}\n`
}

/** The classes of a plan with their counts, for people. */
export function formatPlan({ totals, deleteMarkers, unreadable, hash }: PlanResult): string {
  const rows = [...totals.rows].sort(byClass)
  const table = rows.map(rowOf)
  const { objects, bytes } = totals.all
  const extra = [
    ...(deleteMarkers > 0 ? [`${formatCount(deleteMarkers)} delete markers hold no data`] : []),
    ...describeUnreadable(unreadable),
  ]
  return `
${formatCount(objects)} object versions, ${formatBytes(bytes)}
${table.join('')}${extra.map((line) => `${line}\n`).join('')}
${describeEstimate(estimateRun(totals)).join('\n       ')}
plan sha256:${hash}
`
}

/** The line about keys that requests cannot name; none if there are none. */
export function describeUnreadable(count: number): readonly string[] {
  return count === 0
    ? []
    : [`${formatCount(count)} keys have no UTF-8 form: requests cannot name them`]
}

/** The same as one object. */
export function planAsJson({ totals, deleteMarkers, unreadable, hash }: PlanResult): string {
  return JSON.stringify({
    event: 'plan',
    sha256: hash,
    ...totals.all,
    deleteMarkers,
    unreadable,
    classes: [...totals.rows].sort(byClass).map(({ losses, ...row }) => ({
      ...row,
      losses: losses === '' ? [] : losses.split(' '),
    })),
    estimate: { ...estimateRun(totals), assumptions: ASSUMPTIONS },
  })
}

function rowOf(row: ClassCount): string {
  const { class: name, reason, objects, bytes, losses } = row
  const words = [
    ...(reason === undefined ? [MEANINGS[name]] : [printable(reason)]),
    ...(losses === '' ? [] : [`--accept ${losses}`]),
  ]
  const numbers = `${formatCount(objects).padStart(13)} ${formatBytes(bytes).padStart(10)}`
  return `  ${name.padEnd(13)}${numbers}  ${words.join('; ')}\n`
}

function byClass(a: ClassCount, b: ClassCount): number {
  const order = OBJECT_CLASSES.indexOf(a.class) - OBJECT_CLASSES.indexOf(b.class)
  return order !== 0 ? order : b.objects - a.objects
}
