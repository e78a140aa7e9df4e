import { z } from 'zod'
import { credentialsSchema } from './schema-credentials.ts'
import { count, duration, filePath, line, mapping } from './schema-fields.ts'

const bucket = mapping({
  region: line(64).optional().describe("The bucket's region."),
  endpoint: line(300).optional().describe('Another S3 for this bucket.'),
  credentials: credentialsSchema.optional().describe('Other credentials for this bucket.'),
})

/** A bucket, an access point's alias, or its ARN as it stands in a path: with `:` before its name. */
const BUCKET_NAME =
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]{1,254}|arn:aws[a-z-]{0,10}:s3:[a-z0-9-]{1,32}:[0-9]{12}:accesspoint:[a-z0-9-]{3,50})$/

/** What can stand for a region in a credential scope. */
const SCOPE_REGION = /^[A-Za-z0-9._-]{1,64}$/

/** The section `upstream`. */
export const upstreamSchema = mapping({
  endpoint: line(300)
    .optional()
    .describe(
      "`https://HOST[:PORT]`, or `'sandbox:'` for the embedded S3. Default: AWS's endpoint of `region`.",
    ),
  region: line(64)
    .optional()
    .describe(
      'The region to sign for. Default: what an AWS `endpoint` names; `us-east-1` for the sandbox.',
    ),
  acceptRegions: z
    .array(z.string().regex(SCOPE_REGION, 'is not the name of a region'))
    .max(64)
    .prefault([])
    .describe(
      "Regions that clients may sign for besides `region`: a client's own name for another S3 server, such as `auto` or a host. Requests go upstream signed for `region`.",
    ),
  addressing: z
    .enum(['virtual', 'path'])
    .optional()
    .describe('`BUCKET.HOST` or `HOST/BUCKET`. Default: `virtual` for AWS, otherwise `path`.'),
  dualStack: z
    .boolean()
    .default(false)
    .describe("AWS's IPv4 and IPv6 endpoint; only without `endpoint`."),
  fips: z.boolean().default(false).describe("AWS's FIPS endpoint; only without `endpoint`."),
  accelerate: z
    .boolean()
    .default(false)
    .describe('Transfer Acceleration; only without `endpoint`, and with `addressing: virtual`.'),
  credentials: credentialsSchema
    .optional()
    .describe('Default: `{ source: default }`; the sandbox has its own.'),
  trailers: z
    .enum(['forward', 'terminate'])
    .default('forward')
    .describe(
      '`terminate`: verify trailing checksums here and send a plain body, for S3 servers that do not know them.',
    ),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe('Allows `http://` to a host that is not loopback.'),
  caFile: filePath
    .optional()
    .describe("PEM: authorities for the upstream's certificate, instead of the system's."),
  connections: count(1, 65_535)
    .optional()
    .describe('Most sockets to one upstream host. Default: `limits.concurrentRequests`.'),
  connectTimeout: duration('100ms', '1m').prefault('5s').describe('Longest wait for a connection.'),
  headersTimeout: duration('1s', '1h')
    .prefault('5m')
    .describe("Longest wait for the head of S3's answer once the request is sent."),
  idleTimeout: duration('1s', '10m')
    .prefault('5s')
    .describe(
      'An idle connection is closed after this. S3 closes its side after 5 to 20 s; a large upload that meets that has to be sent again by its client.',
    ),
  buckets: z
    .record(z.string().regex(BUCKET_NAME, 'is not a bucket name'), bucket)
    .prefault({})
    .describe(
      'What is other for single buckets, by name. An access point is served where it is named here: by its alias, or by its ARN with `:` for `/`.',
    ),
})

/** The section as it stands in the file, defaults filled in. */
export type RawUpstream = z.output<typeof upstreamSchema>
