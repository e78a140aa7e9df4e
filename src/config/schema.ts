import { z } from 'zod'
import { clientSchema } from './schema-clients.ts'
import { evidenceSchema } from './schema-evidence.ts'
import { count, duration, filePath, mapping } from './schema-fields.ts'
import { adminSchema, listenerSchema } from './schema-listen.ts'
import { policySchema } from './schema-policy.ts'
import { upstreamSchema } from './schema-upstream.ts'

const limits = mapping({
  headerBytes: count(4096, 65_536)
    .default(16_384)
    .describe('Longest request head, in octets: 4096 to 65536.'),
  bodyIdle: duration('1s', '1h')
    .prefault('60s')
    .describe('Longest silence in a body, either direction.'),
  headIdle: duration('1s', '1h')
    .prefault('75s')
    .describe(
      'Longest wait for a request head on an open connection, and for the fields of a form.',
    ),
  concurrentRequests: count(1, 100_000)
    .default(2000)
    .describe('Requests at once, each worker; beyond: 503 SlowDown.'),
  concurrentRequestsPerClient: count(1, 100_000)
    .optional()
    .describe('The same for one client. Default: `concurrentRequests`.'),
  connections: count(1, 1_000_000).default(10_000).describe('Client connections, each worker.'),
  unauthenticatedConnections: count(1, 1_000_000)
    .optional()
    .describe(
      'Those on which no request of a client has come yet; beyond, the oldest is closed. Default: 1000, or `connections` if that is less.',
    ),
})

const DESTINATION_FORM = 'must be stdout, a path that starts with / or ./, or { file: PATH }'

/** The whole file. */
export const fileSchema = mapping({
  version: z.literal(1).describe('The version of this format: 1.'),
  listen: z
    .array(listenerSchema)
    .min(1, 'must hold at least one listener')
    .max(64)
    .describe('Where clients connect.'),
  admin: adminSchema.optional().describe('Default: no admin listener.'),
  upstream: upstreamSchema.describe('The S3 behind.'),
  clients: z
    .array(clientSchema)
    .min(1, 'must hold at least one client')
    .max(10_000)
    .describe('Who may send requests.'),
  policy: policySchema.describe('What is demanded of uploads and reads.'),
  limits: limits
    .prefault({})
    .describe('Bounds of what clients can take up; each holds for one worker process.'),
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
        '`stdout`, a path with `/` or `./` in front, or `{ file: PATH }`; one JSON line a request. Default: `stdout`, or the files of `evidence.directory`.',
      ),
    evidence: evidenceSchema.optional().describe('Lines that prove themselves. Default: off.'),
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
    .describe('What the program tells of itself.'),
  metrics: mapping({
    bucketLabel: z
      .boolean()
      .default(false)
      .describe(
        'Adds the label `bucket`, for each that the configuration names without a star; others share `_other`.',
      ),
    clientLabel: z
      .boolean()
      .default(false)
      .describe('Adds the label `client`; empty: nobody was identified.'),
  })
    .prefault({})
    .describe('Labels that cost a series for each value; a key is never one.'),
  reload: mapping({
    watch: z
      .boolean()
      .default(false)
      .describe('Reloads when the file changes, not only on SIGHUP.'),
  })
    .prefault({})
    .describe('SIGHUP always reloads; a file with faults is refused and the old one serves on.'),
  drain: mapping({
    delay: duration('0s', '10m')
      .prefault('0s')
      .describe('After SIGTERM: time between failing readiness and closing the listeners.'),
    deadline: duration('0s', '1h').prefault('30s').describe('Time that running requests get then.'),
  })
    .prefault({})
    .describe('How it stops.'),
  workers: z
    .union([z.literal('auto'), count(1, 256)], { error: 'must be auto or a number from 1 to 256' })
    .default(1)
    .describe('Processes that share the listeners; `auto`: one for each core.'),
})

/** The file with defaults filled in. */
export type RawFile = z.output<typeof fileSchema>
