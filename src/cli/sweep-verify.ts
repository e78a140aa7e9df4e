import type { Config } from '../config/config.ts'
import { hashPolicy } from '../service/hash-policy.ts'
import { isUnderKey } from '../sweep/classify.ts'
import { decideTarget } from '../sweep/decide-target.ts'
import { type FinishedPlan, readFinishedPlan } from '../sweep/finished-plan.ts'
import { formatCount, printable } from '../sweep/format-numbers.ts'
import { describeUnreadable } from '../sweep/format-plan.ts'
import { lookAtVersion } from '../sweep/look-at-version.ts'
import { Pacer } from '../sweep/pacer.ts'
import type { S3Link } from '../sweep/s3-request.ts'
import { stateFolder } from '../sweep/state-folder.ts'
import { type SweepRow, SweepRows } from '../sweep/sweep-rows.ts'
import { nameOf, SweepSummary } from '../sweep/sweep-summary.ts'
import type { ExitCode, Terminal } from './command.ts'
import { endpointOf, loadSweepConfig, openSweepLink } from './open-sweep.ts'
import { SweepProgress } from './sweep-progress.ts'

const CONCURRENCY = 16

/** What S3 says now of a version that was done. */
type Finding =
  | 'as it was left'
  /** Another write has replaced it, under the rule's key. */
  | 'written since'
  | 'deleted since'
  /** Somebody has written or changed it, around the proxy perhaps. */
  | 'not under the key'
  | 'unknown'

/** `sealgate sweep verify`: asks S3 again for everything that was done, and adds up the population. */
export async function sweepVerify(
  state: string,
  rate: number,
  terminal: Terminal,
): Promise<ExitCode> {
  const folder = stateFolder(state)
  const plan = await readFinishedPlan(folder)
  if (!plan.ok) return failed(terminal, plan.error)
  const rows = await SweepRows.open(folder, plan.value.hash)
  if (!rows.ok) return failed(terminal, rows.error)
  const { opening } = plan.value
  const loaded = await loadSweepConfig(opening.config, terminal)
  if (!loaded.ok) return loaded.error
  const config = loaded.value
  if (hashPolicy(config.policy) !== opening.policy || endpointOf(config) !== opening.endpoint) {
    return failed(terminal, 'the policy or the server is not the plan’s: make a new plan instead')
  }
  const opened = await openSweepLink(config, terminal)
  if (!opened.ok) return failed(terminal, opened.error)
  try {
    const pacer = new Pacer({
      requestsPerSecond: rate,
      bytesPerSecond: undefined,
      failuresMax: Number.POSITIVE_INFINITY,
    })
    const link = { ...opened.value, pacer }
    return await verifyAll(link, rows.value, plan.value, config, terminal)
  } finally {
    await opened.value.close()
  }
}

async function verifyAll(
  link: S3Link,
  rows: SweepRows,
  plan: FinishedPlan,
  config: Config,
  terminal: Terminal,
): Promise<ExitCode> {
  const summary = new SweepSummary()
  const findings = new Map<Finding, number>()
  const running = new Set<Promise<void>>()
  const shown = new SweepProgress(terminal, false, 0)
  let looked = 0
  const look = async (row: SweepRow): Promise<void> => {
    const finding = await findingOf(link, row, plan, config)
    findings.set(finding, (findings.get(finding) ?? 0) + 1)
    if (finding === 'not under the key' || finding === 'unknown') {
      terminal.stdout(`${finding}: ${printable(nameOf(row))}\n`)
    }
    looked++
    shown.show({ done: looked, of: rows.progress.countOf('done'), text: 'looked at' })
  }
  for await (const row of rows.rows()) {
    if (link.signal.aborted) break
    summary.add(row)
    if (row.status !== 'done') continue
    const one: Promise<void> = look(row).finally(() => running.delete(one))
    running.add(one)
    if (running.size >= CONCURRENCY) await Promise.race(running)
  }
  await Promise.all(running)
  shown.end()
  if (link.signal.aborted) return failed(terminal, 'stopped')
  return conclude(summary, findings, plan, terminal)
}

function conclude(
  summary: SweepSummary,
  findings: ReadonlyMap<Finding, number>,
  { totals, unreadable }: FinishedPlan,
  terminal: Terminal,
): ExitCode {
  const counts = (['fine', 'done', 'failed', 'left'] as const).map((status) => {
    const { objects } = summary.countOf(status)
    return `${formatCount(objects)} ${status}`
  })
  const isWhole = summary.all.objects === totals.all.objects
  terminal.stdout(
    `${formatCount(totals.all.objects)} versions in the plan = ${counts.join(' + ')}${isWhole ? '' : ': this does not add up'}\n`,
  )
  for (const [finding, count] of findings) {
    terminal.stdout(`  ${formatCount(count)} ${finding}\n`)
  }
  for (const line of describeUnreadable(unreadable)) terminal.stdout(`  ${line}\n`)
  const isBad = (findings.get('not under the key') ?? 0) + (findings.get('unknown') ?? 0) > 0
  if (!isWhole || isBad || summary.countOf('failed').objects > 0) return 1
  return summary.countOf('left').objects + unreadable === 0 ? 0 : 3
}

async function findingOf(
  link: S3Link,
  { planned, end }: SweepRow,
  { opening }: FinishedPlan,
  { policy }: Config,
): Promise<Finding> {
  if (end?.record !== 'done') return 'unknown'
  const { bucket, key, versionId } = end.after.version
  const { state } = planned
  const entry = { ...state, key, versionId }
  // The version id is the one that the answer named: it is asked for as it is.
  const look = await lookAtVersion(link, { bucket, versioning: 'enabled' }, entry)
  if (look.kind === 'gone') return 'deleted since'
  if (look.kind === 'unknown') return 'unknown'
  const target = decideTarget(policy, opening.scope.as ?? undefined, bucket, key)
  const isSealed = target.kind === 'encrypt' && isUnderKey(target, look.state.encryption)
  if (!isSealed) return 'not under the key'
  return look.state.etag === end.after.etag ? 'as it was left' : 'written since'
}

function failed(terminal: Terminal, message: string): ExitCode {
  terminal.stderr(`sealgate: ${message}\n`)
  return 1
}
