import { type AuditLine, parseAuditLine, textOf } from '../report/audit-line.ts'
import { readCloudTrail, UnusableData } from '../report/read-cloudtrail.ts'
import { readInventory } from '../report/read-inventory.ts'
import {
  CloudTrailComparison,
  type Difference,
  InventoryComparison,
  type Reconciliation,
} from '../report/reconcile.ts'
import { visible } from '../report/visible.ts'
import { readTrails } from '../trail/read-lines.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { showReading } from './show-progress.ts'
import { startProblem } from './start-problem.ts'

/** The options of `sealgate audit reconcile`. */
interface AuditReconcileOptions {
  readonly paths: readonly string[]
  /** One of these two. */
  readonly cloudtrail: string | undefined
  readonly inventory: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  readonly isJson: boolean
}

/** `sealgate audit reconcile`: compares trails with what S3 itself recorded. */
export async function auditReconcile(
  options: AuditReconcileOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { paths, cloudtrail, inventory, from, to, isJson } = options
  if ((cloudtrail === undefined) === (inventory === undefined)) {
    return usageError(terminal, 'give --cloudtrail or --inventory, one of them')
  }
  if (inventory !== undefined && (from !== undefined || to !== undefined)) {
    return usageError(terminal, 'an inventory is of one moment: --from and --to are for CloudTrail')
  }
  try {
    const comparison =
      cloudtrail === undefined
        ? new InventoryComparison(readInventory(inventory ?? ''))
        : new CloudTrailComparison(readCloudTrail(cloudtrail, from, to))
    await readTrails(
      paths,
      (bytes) => {
        const line = parseAuditLine(bytes)
        if (line !== undefined && isWithin(line, from, to)) comparison.take(line)
      },
      showReading(terminal, paths, 1),
    )
    terminal.progress?.('')
    const result = comparison.end()
    const isSame = [result.around, result.unknown, result.disagreeing].every(
      ({ items }) => items.length === 0,
    )
    terminal.stdout(isJson ? `${JSON.stringify(result, null, 2)}\n` : resultText(result))
    return isSame ? 0 : 1
  } catch (error) {
    if (error instanceof UnusableData) return usageError(terminal, error.message)
    return usageError(terminal, startProblem('the arguments', error))
  }
}

function isWithin(line: AuditLine, from: string | undefined, to: string | undefined): boolean {
  const time = textOf(line, 'time') ?? ''
  return time !== '' && (from === undefined || time >= from) && (to === undefined || time < to)
}

function resultText({ matched, around, unknown, disagreeing, notes }: Reconciliation): string {
  return `${[
    `In both                         ${matched}`,
    ...listText('Not through Sealgate           ', around),
    ...listText('In the trail, unknown to S3    ', unknown),
    ...listText('In both, and not the same      ', disagreeing),
    ...notes.map((note) => `Note: ${note}`),
  ]
    .map(visible)
    .join('\n')}\n`
}

function listText(title: string, { items, more }: Reconciliation['around']): readonly string[] {
  return [
    `${title} ${items.length + more}`,
    ...items.map(differenceText),
    ...(more === 0 ? [] : [`  and ${more} more`]),
  ]
}

function differenceText({ time, bucket, key, what }: Difference): string {
  return `  ${time} ${bucket}/${key}: ${what}`
}
