import type { AuditSinkConfig } from '../config/config.ts'

/** A batch of lines as it is sent. */
interface Batch {
  readonly contentType: string
  readonly body: Buffer
}

/** Where the value of `time` stands: the first field of every line. */
const TIME_FROM = '{"time":"'.length
const TIME_TO = TIME_FROM + '2026-01-02T03:04:05.678Z'.length

/**
 * Builds the body of one request: the lines as they are, or each as the body of an OpenTelemetry log
 * record with the line's own time.
 *
 * Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export function buildBatch(kind: AuditSinkConfig['kind'], lines: readonly string[]): Batch {
  if (kind === 'webhook') {
    return { contentType: 'application/x-ndjson', body: Buffer.from(lines.join(''), 'utf8') }
  }
  const logRecords = lines.map((line) => ({
    timeUnixNano: `${Date.parse(line.slice(TIME_FROM, TIME_TO))}000000`,
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'sealgate.audit',
    body: { stringValue: line.trimEnd() },
  }))
  const resource = {
    attributes: [{ key: 'service.name', value: { stringValue: 'sealgate' } }],
  }
  const scopeLogs = [{ scope: { name: 'sealgate.audit' }, logRecords }]
  return {
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ resourceLogs: [{ resource, scopeLogs }] }), 'utf8'),
  }
}

/** Records that a receiver of OTLP did not take although its status is a success. */
export function countRejected(answer: string): number {
  try {
    const rejected = Number(Object(JSON.parse(answer)).partialSuccess?.rejectedLogRecords ?? 0)
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0
  } catch {
    return 0
  }
}
