import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { redact, withoutStack } from './redact.ts'

/** A structured log; `log.info({ requestId }, 'text')`. */
export type Log = Logger

/** What the log needs to know. */
interface LogOptions {
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
      // Errors are plain objects by then; pino's own serializer would take them for a class `Object`.
      serializers: { err: (error: unknown) => error },
      hooks: {
        logMethod(args, method) {
          method.apply(this, maskArguments(args) as typeof args) // the same shapes, texts masked
        },
      },
    },
    options.stream ?? openStderr(),
  )
}

/**
 * What a log line says of a failure that is not Sealgate's own: it comes once for each request, and the
 * place in the code says nothing of it. At level `debug` it is there.
 */
export function causeFor(log: Log, cause: unknown): unknown {
  return log.isLevelEnabled('debug') ? cause : withoutStack(cause)
}

/** What could not be written waits for room, up to this. */
const WAITING_OCTETS_MAX = 1024 * 1024

/**
 * A full disk or a broken pipe behind stderr takes lines, not the process: unheard, the stream's error
 * would end it.
 */
function openStderr(): DestinationStream {
  const stderr = destination({ fd: 2, sync: true, maxLength: WAITING_OCTETS_MAX })
  return stderr.on('error', () => undefined)
}

/** Masks the text and what is put into it. An error's message would be copied into it unmasked. */
function maskArguments(args: readonly unknown[]): readonly unknown[] {
  const [first, ...rest] = args
  if (typeof first === 'string') return args.map((arg) => redact(arg))
  const record = first instanceof Error ? { err: first } : first
  const error: unknown = Reflect.get(Object(record), 'err')
  const isSilent = rest[0] === undefined && error instanceof Error
  const texts = isSilent ? [error.message, ...rest.slice(1)] : rest
  return [record, ...texts.map((text) => redact(text))]
}

function redactRecord(record: object): Record<string, unknown> {
  const masked = redact(record)
  return typeof masked === 'object' && masked !== null ? { ...masked } : {}
}
