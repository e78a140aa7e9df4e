import { DISK } from './disk.ts'

/** The longest first record of a stream, and more. */
const FIRST_LINE_BYTES = 65_536

/** The name of the log, as the first record of a stream says; undefined: no stream is there. */
export function originOfTrail(directory: string): string | undefined {
  for (const file of DISK.list(`${directory}/lines`)) {
    try {
      const text = DISK.read(`${directory}/lines/${file}`, 0, FIRST_LINE_BYTES).toString('utf8')
      const first: unknown = JSON.parse(text.slice(0, text.indexOf('\n')))
      const origin: unknown = Reflect.get(Object(first), 'origin')
      if (typeof origin === 'string') return origin
    } catch {
      // No such file any more, a compressed one, or no such line.
    }
  }
  return undefined
}
