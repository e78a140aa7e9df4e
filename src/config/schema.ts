import { z } from 'zod'
import { clientDirectorySchema, clientSchema } from './schema-clients.ts'
import { evidenceSchema } from './schema-evidence.ts'
import { count, duration, filePath, mapping } from './schema-fields.ts'
import { adminSchema, listenerSchema } from './schema-listen.ts'
import { policySchema } from './schema-policy.ts'
import { sinkSchema } from './schema-sinks.ts'
import { stsSchema } from './schema-sts.ts'
import { upstreamSchema } from './schema-upstream.ts'

const limits = mapping({
  headerBytes: count(4096, 65_536)
    .default(16_384)
    .describe('Limit of a request head, in bytes: 4096 to 65536.'),
  bodyIdle: duration('1s', '1h')
    .prefault('60s')
    .describe('Limit of silence in a body, in either direction.'),
  headIdle: duration('1s', '1h')
    .prefault('75s')
    .describe(
      'Limit of the wait for a request head on an open connection, and for the fields of a form.',
    ),
  concurrentRequests: count(1, 100_000)
    .default(2000)
    .describe('Limit of concurrent requests per worker; beyond it, the answer is 503 SlowDown.'),
  concurrentRequestsPerClient: count(1, 100_000)
    .optional()
    .describe('The same limit for one client. Default: `concurrentRequests`.'),
  connections: count(1, 1_000_000)
    .default(10_000)
    .describe('Limit of client connections per worker.'),
  unauthenticatedConnections: count(1, 1_000_000)
    .optional()
    .describe(
      'Limit of connections on which no client has been identified yet; beyond it, the oldest is closed. Default: 1000, or `connections` if that is less.',
    ),
})

const DESTINATION_FORM = 'must be stdout, a path that begins with / or ./, or { file: PATH }'

/** Undefined if it is a list or a mapping: then what is wrong is inside. */
function clientsForm(input: unknown): string | undefined {
  if (input === undefined) return 'is missing: a list is required, or { directory: PATH }'
  const isInside = typeof input === 'object' && input !== null
  return isInside ? undefined : 'must be a list, or { directory: PATH }'
}

/** The whole file. */
export const fileSchema = mapping({
  version: z.literal(1).describe('The version of this format: 1.'),
  listen: z
    .array(listenerSchema)
    .min(1, 'must have at least one listener')
    .max(64)
    .describe('The listeners for clients.'),
  admin: adminSchema.optional().describe('Default: no admin listener.'),
  upstream: upstreamSchema.describe('The S3 behind.'),
  clients: z
    .union(
      [
        z.array(clientSchema).min(1, 'must have at least one client').max(10_000),
        clientDirectorySchema,
      ],
      { error: ({ input }) => clientsForm(input) },
    )
    .describe('The clients that may send requests: a list, or `{ directory: PATH }`.'),
  sts: stsSchema
    .optional()
    .describe('Short-lived keys for workloads that have an identity token. Default: none.'),
  policy: policySchema.describe('The requirements on uploads and reads.'),
  limits: limits
    .prefault({})
    .describe('Limits of what clients can use; each applies to one worker process.'),
  audit: mapping({
    destination: z
      .union(
        [
          z.literal('stdout'),
          z.string().regex(/^\.{0,2}\//, DESTINATION_FORM),
          mapping({ file: filePath }),
        ],
        { error: DESTINATION_FORM },
      )
      .optional()
      .describe(
        '`stdout`, a path that begins with `/` or `./`, or `{ file: PATH }`; one JSON line per request. Default: `stdout`, or the files of `evidence.directory`.',
      ),
    evidence: evidenceSchema.optional().describe('Lines that prove themselves. Default: off.'),
    sinks: z
      .array(sinkSchema)
      .max(8)
      .prefault([])
      .describe('Receivers of copies of the lines; requests never wait for them.'),
  })
    .prefault({})
    .describe('The evidence.'),
  log: mapping({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('Logs go to stderr.'),
  })
    .prefault({})
    .describe('The logs.'),
  metrics: mapping({
    bucketLabel: z
      .boolean()
      .default(false)
      .describe(
        'Adds the label `bucket` for each bucket that the configuration names without a star; all others share `_other`.',
      ),
    clientLabel: z
      .boolean()
      .default(false)
      .describe('Adds the label `client`; empty if no client was identified.'),
  })
    .prefault({})
    .describe('Labels that create a series for each value. Object keys are never labels.'),
  reload: mapping({
    watch: z
      .boolean()
      .default(false)
      .describe('Reloads when the file changes, not only on SIGHUP.'),
  })
    .prefault({})
    .describe(
      'SIGHUP always reloads. An invalid file is refused, and the previous configuration stays in use.',
    ),
  drain: mapping({
    delay: duration('0s', '10m')
      .prefault('0s')
      .describe('Time between SIGTERM, which fails readiness, and closing the listeners.'),
    deadline: duration('0s', '1h')
      .prefault('30s')
      .describe('Time that running requests then have to end.'),
  })
    .prefault({})
    .describe('How the program stops.'),
  workers: z
    .union([z.literal('auto'), count(1, 256)], { error: 'must be auto or a number from 1 to 256' })
    .default(1)
    .describe('Processes that share the listeners; `auto`: one for each core.'),
})

/** The file with defaults filled in. */
export type RawFile = z.output<typeof fileSchema>
