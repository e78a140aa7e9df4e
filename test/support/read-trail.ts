import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A line of a trail as a reader that knows the format and shares no code with its writer sees it. */
export interface TrailLine {
  readonly file: string
  readonly record?: string
  readonly requestId?: string
  readonly stream: string
  readonly seq: number
  readonly prev: string
  readonly policy?: unknown
  readonly worker?: unknown
  readonly previous?: unknown
  readonly next?: unknown
  readonly first?: unknown
}

/**
 * The streams of a trail by their id, each in order; throws if a line does not follow the one before
 * it, by hash and, but for lines that were lost, by number.
 */
export function readStreams(directory: string, origin: string): Map<string, readonly TrailLine[]> {
  const streams = new Map<string, TrailLine[]>()
  const prevs = new Map<string, string>()
  const folder = join(directory, 'lines')
  for (const file of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const text = readFileSync(join(folder, file), 'utf8')
    if (!text.endsWith('\n')) throw new Error(`${file} ends within a line`)
    for (const line of text.slice(0, -1).split('\n')) {
      const parsed: TrailLine = { ...JSON.parse(line), file }
      const { stream, prev } = parsed
      const lines = streams.get(stream) ?? []
      const begin = hash('sha256', `sealgate-audit/v1\n${origin}\n${stream}\n`, 'base64url')
      if (prev !== (prevs.get(stream) ?? begin)) throw new Error(`${file}: not the next: ${line}`)
      prevs.set(stream, hash('sha256', line, 'base64url'))
      lines.push(parsed)
      streams.set(stream, lines)
    }
  }
  return streams
}

/** The lines of a trail that holds one stream. */
export function readOneStream(directory: string, origin: string): readonly TrailLine[] {
  const [stream, ...more] = readStreams(directory, origin).values()
  if (stream === undefined || more.length > 0) throw new Error('not one stream')
  return stream
}
