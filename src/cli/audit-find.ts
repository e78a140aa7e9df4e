import { findObject, type ObjectHistory, type ObjectName } from '../report/find-object.ts'
import { AS_FAR_AS, holdingText, lineText } from '../report/history-text.ts'
import { visible } from '../report/visible.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { showReading } from './show-progress.ts'
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
    const history = await findObject(paths, name, showReading(terminal, paths, 1))
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
    `        ${AS_FAR_AS}`,
    '',
    ...lines.items.map(lineText),
    ...more,
  ]
    .map(visible)
    .join('\n')}\n`
}

function historyJson(name: ObjectName, { holding, lines }: ObjectHistory): string {
  const value = { object: name, now: holding, lines: lines.items, more: lines.more }
  return `${JSON.stringify(value, null, 2)}\n`
}
