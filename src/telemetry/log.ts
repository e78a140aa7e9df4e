import { type DestinationStream, destination, type Logger, pino } from 'pino'
import { redact, withoutStack } from './redact.ts'

/** A structured log; `log.info({ requestId }, 'text')`. */
export type Log = Logger

/** The options of the log. */
interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  /** The destination of lines; default: stderr, written at once. */
  readonly stream?: DestinationStream
}

/**
 * Opens the log: JSON lines with `time` (ISO 8601) and `level` as a word. All fields pass through
 * `redact`. Successful requests do not log, so lines are written synchronously and none is lost if
 * the process dies.
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
      // Errors are already plain objects; pino's own serializer would treat them as a class
      // `Object`.
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
 * Returns a failure for a log line without its stack, unless the level is `debug`: such failures are
 * not Sealgate's own, occur once per request, and the place in the code does not explain them.
 */
export function causeFor(log: Log, cause: unknown): unknown {
  return log.isLevelEnabled('debug') ? cause : withoutStack(cause)
}

/** Limit of buffered text that could not be written. */
const WAITING_OCTETS_MAX = 1024 * 1024

/**
 * A full disk or a broken pipe behind stderr loses lines but does not end the process: without a
 * listener, the stream's error would.
 */
function openStderr(): DestinationStream {
  const stderr = destination({ fd: 2, sync: true, maxLength: WAITING_OCTETS_MAX })
  return stderr.on('error', () => undefined)
}

/** Masks the text and its arguments. pino would copy an error's message into the text unmasked. */
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
