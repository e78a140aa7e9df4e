import { readFileSync } from 'node:fs'

/** One query of the dashboard. */
export interface DashboardQuery {
  readonly panel: string
  readonly ref: string
  /** PromQL with Grafana's variables in it. */
  readonly expression: string
}

/** All queries of deploy/grafana/sealgate.json, in the order of the panels. */
export function readDashboardQueries(): readonly DashboardQuery[] {
  const { panels } = JSON.parse(readFileSync('deploy/grafana/sealgate.json', 'utf8'))
  const queries: DashboardQuery[] = []
  for (const panel of panels) {
    for (const target of panel.targets ?? []) {
      queries.push({ panel: panel.title, ref: target.refId, expression: target.expr })
    }
  }
  return queries
}

/** The query as Grafana would send it, for every namespace and job unless one is named. */
export function resolveVariables(expression: string, namespace = '.*', range = '1m'): string {
  return expression
    .replaceAll('$__rate_interval', range === '1m' ? '30s' : range)
    .replaceAll('$__range', range)
    .replaceAll('$namespace', namespace)
    .replaceAll('$job', '.*')
}
