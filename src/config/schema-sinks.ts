import { z } from 'zod'
import { filePath, line, mapping, secret } from './schema-fields.ts'

/** One entry of `audit.sinks`. */
export const sinkSchema = mapping({
  kind: z
    .enum(['webhook', 'otlp'])
    .describe(
      '`webhook`: POST of lines (`application/x-ndjson`). `otlp`: OpenTelemetry logs over HTTP in JSON.',
    ),
  url: line(2048).describe(
    'The whole address, for `otlp` mostly `https://HOST:4318/v1/logs`; `http://` only on loopback.',
  ),
  token: secret.optional().describe('Sent as `Authorization: Bearer TOKEN`.'),
  caFile: filePath.optional().describe("PEM: CAs for the receiver's certificate."),
})

/** A sink as in the file. */
export type RawAuditSink = z.output<typeof sinkSchema>
