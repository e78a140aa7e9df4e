import { type AuditLine, keyNameOf, textOf, writeOf } from './audit-line.ts'
import type { Holding } from './find-object.ts'

/** What the state of an object is said under. */
export const AS_FAR_AS =
  'as far as it went through Sealgate: a write or deletion around it is not in this trail'

/** What an object is under now, in a sentence. */
export function holdingText(holding: Holding): string {
  if (holding.kind === 'unknown') return 'not known: no line stored or deleted it'
  const by = sourceOf(holding.line)
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

/** A line of an object's history. */
export function lineText(line: AuditLine): string {
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
