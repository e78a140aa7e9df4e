import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { toOcsf } from '../telemetry/ocsf.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import type { ExitCode, Terminal } from './command.ts'
import { startProblem } from './start-problem.ts'

/** `sealgate audit convert`: writes lines of the audit in another format, one event a line. */
export async function auditConvert(
  paths: readonly string[],
  stdin: Readable,
  terminal: Terminal,
): Promise<ExitCode> {
  const version = packageVersion()
  let broken = 0
  for (const path of paths) {
    try {
      const input = path === '-' ? stdin : createReadStream(path)
      // Node's readline also splits at U+2028, which lines have escaped.
      for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
        const parsed = parseLine(line)
        if (parsed === undefined) {
          broken++
          continue
        }
        const event = toOcsf(parsed, version)
        if (event !== undefined) terminal.stdout(`${JSON.stringify(event)}\n`)
      }
    } catch (error) {
      terminal.stderr(`sealgate: ${startProblem('the arguments', error)}\n`)
      return 2
    }
  }
  if (broken === 0) return 0
  terminal.stderr(`sealgate: ${broken} lines are no lines of the audit and were left out\n`)
  return 1
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value))
      : undefined
  } catch {
    return undefined
  }
}
