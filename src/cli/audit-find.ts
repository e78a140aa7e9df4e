import { type AuditLine, keyNameOf, textOf, writeOf } from '../report/audit-line.ts'
import {
  findObject,
  type Holding,
  type ObjectHistory,
  type ObjectName,
} from '../report/find-object.ts'
import { visible } from '../report/visible.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { startProblem } from './start-problem.ts'

/** The options of `sealgate audit find`. */
interface AuditFindOptions extends ObjectName {
  readonly paths: readonly string[]
  readonly isJson: boolean
}

/** `sealgate audit find`: prints every line of an object, and the key that holds it. */
export async function auditFind(
  { paths, isJson, bucket, key, versionId }: AuditFindOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const name = { bucket, key, versionId }
  try {
    const history = await findObject(paths, name, (bytes) =>
      terminal.progress?.(`${Math.floor(bytes / 1e6)} MB read`),
    )
    terminal.progress?.('')
    terminal.stdout(isJson ? historyJson(name, history) : historyText(name, history))
    return history.lines.items.length > 0 ? 0 : 1
  } catch (error) {
    return usageError(terminal, startProblem('the arguments', error))
  }
}

function historyText({ bucket, key, versionId }: ObjectName, { holding, lines }: ObjectHistory) {
  const version = versionId === undefined ? '' : ` version ${versionId}`
  const more = lines.more === 0 ? [] : [`and ${lines.more} older`]
  return `${[
    `Object  ${bucket}/${key}${version}`,
    `Now     ${holdingText(holding)}`,
    '        as far as it went through Sealgate: a write or deletion around it is not in this trail',
    '',
    ...lines.items.map(lineText),
    ...more,
  ]
    .map(visible)
    .join('\n')}\n`
}

/** What an object is under now, in a sentence. */
function holdingText(holding: Holding): string {
  if (holding.kind === 'unknown') return 'not known: no line stored or deleted it'
  const by = `${sourceOf(holding.line)}`
  if (holding.kind === 'deleted') return `deleted, or hidden by a delete marker: ${by}`
  const { key, line, uncertain } = holding
  const later =
    uncertain === 0 ? '' : `; ${uncertain} later writes or deletions failed, and may have been done`
  return `under ${key} (${writeOf(line) ?? ''}): ${by}${later}`
}

function sourceOf(line: AuditLine): string {
  const field = (name: string): string => textOf(line, name) ?? '-'
  const operation = line['record'] === 'key' ? 'DeleteObjects' : field('operation')
  return `${operation} at ${field('time')} by ${field('client')}, request ${field('requestId')}`
}

function lineText(line: AuditLine): string {
  const isKey = line['record'] === 'key'
  const word = isKey ? textOf(line, 'result') : (writeOf(line) ?? textOf(line, 'read'))
  const parts = [
    textOf(line, 'time'),
    isKey ? 'DeleteObjects' : (textOf(line, 'operation') ?? '-'),
    isKey ? '-' : String(line['status']),
    word ?? '-',
    `by ${textOf(line, 'client') ?? 'nobody known'}`,
    `request ${textOf(line, 'requestId') ?? '-'}`,
    `version ${textOf(line, 'versionId') ?? '-'}`,
    isKey ? '' : keyNameOf(line),
    textOf(line, 'reason') ?? '',
  ]
  return parts.filter((part) => part !== '').join('  ')
}

function historyJson(name: ObjectName, { holding, lines }: ObjectHistory): string {
  const value = { object: name, now: holding, lines: lines.items, more: lines.more }
  return `${JSON.stringify(value, null, 2)}\n`
}
