import { readTrails } from '../trail/read-lines.ts'
import {
  type AuditLine,
  isDeletion,
  keyNameOf,
  numberOf,
  parseAuditLine,
  STORED,
  textOf,
  writeOf,
} from './audit-line.ts'
import type { Listed } from './bounded-list.ts'

/** An object, or one version of it. */
export interface ObjectName {
  readonly bucket: string
  readonly key: string
  readonly versionId: string | undefined
}

/**
 * What an object is under, as far as it went through Sealgate: `written`, by the newest line that
 * stored it; `deleted`, or hidden by a delete marker; `unknown`, no line stored or deleted it.
 */
export type Holding =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'deleted'; readonly line: AuditLine }
  | {
      readonly kind: 'written'
      readonly line: AuditLine
      /** The key that S3 named. */
      readonly key: string
      /** Later writes and deletions whose end is not known: they may have been done. */
      readonly uncertain: number
    }

/** All that an audit says of an object. */
export interface ObjectHistory {
  readonly holding: Holding
  /** Newest first. */
  readonly lines: Listed<AuditLine>
}

const LINES_MAX = 1000

/** Reads all lines of trails and returns those of an object. */
export async function findObject(
  paths: readonly string[],
  name: ObjectName,
  onProgress?: (bytes: number) => void,
): Promise<ObjectHistory> {
  const history = new HistoryReader(name)
  // Names of buckets stand in a line as they are; most lines are of others.
  const bucket = `"bucket":${JSON.stringify(name.bucket)}`
  const take = (line: Buffer): void => {
    if (line.includes(bucket)) history.take(parseAuditLine(line))
  }
  await readTrails(paths, take, onProgress)
  return history.end()
}

/** Collects the lines of one object; its memory has a limit. */
class HistoryReader {
  readonly #name: ObjectName
  #lines: AuditLine[] = []
  #count = 0
  #holding: Holding = { kind: 'unknown' }
  /** Versions that lines stored, the first {@link LINES_MAX}. */
  readonly #versions = new Set<string>()
  #uncertainTimes: string[] = []

  constructor(name: ObjectName) {
    this.#name = name
  }

  /** Undefined: a line that cannot be parsed. */
  take(line: AuditLine | undefined): void {
    const { bucket, key, versionId } = this.#name
    if (line === undefined || line['bucket'] !== bucket || line['key'] !== key) return
    if (versionId !== undefined && line['versionId'] !== versionId) return
    this.#count++
    this.#lines.push(line)
    if (this.#lines.length >= 2 * LINES_MAX) {
      this.#lines = this.#lines.sort(newestFirst).slice(0, LINES_MAX)
    }
    this.#follow(line)
  }

  end(): ObjectHistory {
    const items = this.#lines.sort(newestFirst).slice(0, LINES_MAX)
    const lines = { items, more: this.#count - items.length }
    if (this.#holding.kind !== 'written') return { holding: this.#holding, lines }
    const since = timeOf(this.#holding.line)
    const uncertain = this.#uncertainTimes.filter((time) => time >= since).length
    return { holding: { ...this.#holding, uncertain }, lines }
  }

  #follow(line: AuditLine): void {
    const write = writeOf(line)
    const isNewest = this.#holding.kind === 'unknown' || timeOf(line) >= timeOf(this.#holding.line)
    if (isDeletion(line)) {
      if (isNewest && !this.#isOfAnother(line)) this.#holding = { kind: 'deleted', line }
    } else if (write !== undefined && STORED.has(write)) {
      this.#noteVersion(line)
      if (isNewest) this.#hold(line)
    } else if (isUncertain(line) && this.#uncertainTimes.length < LINES_MAX) {
      this.#uncertainTimes.push(timeOf(line))
    }
  }

  /** What was uncertain before this line is settled by it. */
  #hold(line: AuditLine): void {
    const since = timeOf(line)
    this.#holding = { kind: 'written', line, key: keyNameOf(line), uncertain: 0 }
    this.#uncertainTimes = this.#uncertainTimes.filter((time) => time >= since)
  }

  #noteVersion(line: AuditLine): void {
    const versionId = textOf(line, 'versionId')
    if (versionId !== undefined && this.#versions.size < LINES_MAX) this.#versions.add(versionId)
  }

  /** Returns whether a deletion is of another version than the newest that was written. */
  #isOfAnother(line: AuditLine): boolean {
    if (this.#holding.kind !== 'written') return false
    const own = textOf(this.#holding.line, 'versionId')
    const named = textOf(line, 'versionId')
    if (own === undefined || named === undefined || own === named) return false
    // A DeleteObject also names the marker that it made; the line of a key names what was asked.
    return line['record'] === 'key' || this.#versions.has(named)
  }
}

function timeOf(line: AuditLine): string {
  return textOf(line, 'time') ?? ''
}

function newestFirst(a: AuditLine, b: AuditLine): number {
  return timeOf(a) < timeOf(b) ? 1 : -Number(timeOf(a) > timeOf(b))
}

/** Sent to S3, and its answer did not come or was an error of the server. */
function isUncertain(line: AuditLine): boolean {
  if (line['record'] === 'key') return line['result'] === 'unknown'
  const status = numberOf(line, 'status') ?? 0
  const changes = writeOf(line) === 'failed' || line['operation'] === 'DeleteObject'
  return changes && (status === 0 || status >= 500)
}
