import type { Report } from './report.ts'
import { GROUPINGS, type Grouping } from './summarize.ts'

/** The report as JSON with fixed names; times as in the audit. `by`: the groups; undefined: all. */
export function formatJson({ head, summary }: Report, by: Grouping | undefined): string {
  const { evidence, ...rest } = summary
  const { items, more } = evidence.absences
  const groups = GROUPINGS.filter((name) => by === undefined || name === by)
  const value = {
    report: head,
    ...rest,
    by: Object.fromEntries(groups.map((name) => [name, summary.by[name]])),
    evidence: {
      isKnown: evidence.isKnown,
      absences: {
        items: items.map(({ why, fromMs, untilMs, stream }) => ({
          why,
          from: new Date(fromMs).toISOString(),
          until: new Date(untilMs).toISOString(),
          stream: stream ?? null,
        })),
        more,
      },
    },
  }
  return `${JSON.stringify(value, null, 2)}\n`
}
