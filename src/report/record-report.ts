import { accessSync, constants, statSync } from 'node:fs'
import { Chain } from '../evidence/chain.ts'
import { type ControlRecord, formatControlRecord } from '../evidence/control-record.ts'
import { DISK } from '../trail/disk.ts'
import { originOfTrail } from '../trail/origin.ts'
import type { Report } from './report.ts'

/** What the record of a report needs besides the report. */
interface RecordContext {
  readonly hostname: string
  readonly node: string | null
  /** Of the report's bytes, hex. */
  readonly sha256: string
  readonly timeMs: number
}

/**
 * Writes the fact that a report was made into the trail, as a stream of its own with its own file:
 * `open`, `report`, `close`. Returns why it cannot; undefined: it is written. Only the owner of the
 * folder writes: a file of another user could not be read by the sealer.
 */
export function recordReport(
  directory: string,
  { head, summary }: Report,
  { hostname, node, sha256, timeMs }: RecordContext,
): string | undefined {
  const lines = `${directory}/lines`
  const folder = statSync(lines, { throwIfNoEntry: false })
  if (folder?.isDirectory() !== true) return 'it is no folder of a trail'
  if (folder.uid !== process.geteuid?.()) return 'its folder belongs to another user'
  try {
    accessSync(lines, constants.W_OK)
  } catch {
    return 'its folder cannot be written to'
  }
  const origin = originOfTrail(directory)
  if (origin === undefined) return 'no stream in it says the name of the log'
  const time = new Date(timeMs).toISOString()
  const chain = new Chain(origin)
  const [checkpoint] = head.checkpoints.filter(({ path }) => path === directory)
  const records: readonly ControlRecord[] = [
    {
      record: 'open',
      version: head.version,
      origin,
      replica: hostname,
      worker: 0,
      node,
      policy: null,
      previous:
        checkpoint === undefined
          ? null
          : { origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root },
    },
    { record: 'report', sha256, command: head.command, ...summary.period },
    { record: 'close', lines: 3, lost: 0, reason: 'stop' },
  ]
  const text = records.map((record) => {
    const line = chain.link(formatControlRecord(time, record))
    chain.advance(line)
    return `${line}\n`
  })
  const host = hostname.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100)
  const name = `${time.replace(/[-:.]/g, '')}-${host}-report-${chain.stream.slice(0, 8)}.0000.jsonl`
  try {
    DISK.create(`${lines}/${name}`, Buffer.from(text.join('')))
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
