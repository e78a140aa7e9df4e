import type { Report } from '../support/report.ts'
import type { SuiteSealgate } from '../support/suite-sealgate.ts'

/** Every request has one audit line: as many as the metric counts, for each operation the same. */
export async function auditAgreesWithMetrics(
  suite: string,
  sealgate: SuiteSealgate,
  report: Report,
): Promise<void> {
  const name = 'the audit log has a line for each request that the metrics count'
  await report.check(suite, name, async () => {
    await sealgate.idle()
    const audited = new Map<string, number>()
    for (const { operation } of sealgate.auditLines()) {
      if (operation) audited.set(operation, (audited.get(operation) ?? 0) + 1)
    }
    const wrong = await differences(sealgate, audited)
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
  })
}

async function differences(
  sealgate: SuiteSealgate,
  audited: ReadonlyMap<string, number>,
): Promise<readonly string[]> {
  const wrong: string[] = []
  const lines = sealgate.auditLines().length
  const counted = await sealgate.metric('sealgate_requests_total')
  if (counted !== lines || counted === 0) wrong.push(`${counted} counted, ${lines} audited`)
  for (const [operation, count] of audited) {
    const metric = await sealgate.metric('sealgate_requests_total', { operation })
    if (metric !== count) wrong.push(`${operation}: ${metric} counted, ${count} audited`)
  }
  return wrong
}
