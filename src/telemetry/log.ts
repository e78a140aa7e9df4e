import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { redact, redactText } from './redact.ts'

/** A structured log; `log.info({ requestId }, 'text')`. */
export type Log = Logger

/** What the log needs to know. */
export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  /** Where lines go; left out: stderr, written at once. */
  readonly stream?: DestinationStream
}

/**
 * Opens the log: JSON lines with `time` (ISO 8601) and `level` as a word. Everything that is logged
 * goes through `redact`. Logging is off the road of a request that succeeds, so lines are written
 * at once and none is lost when the process dies.
 */
export function openLog(options: LogOptions): Log {
  return pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        log: redactRecord,
      },
      hooks: {
        logMethod(args, method) {
          const masked = args.map((arg) => (typeof arg === 'string' ? redactText(arg) : arg))
          method.apply(this, masked as typeof args) // the same shapes, texts masked
        },
      },
    },
    options.stream ?? destination({ fd: 2, sync: true }),
  )
}

function redactRecord(record: object): Record<string, unknown> {
  const masked = redact(record)
  return typeof masked === 'object' && masked !== null ? { ...masked } : {}
}
