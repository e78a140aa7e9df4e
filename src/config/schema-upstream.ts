import { z } from 'zod'
import { credentialsSchema } from './schema-credentials.ts'
import { count, duration, filePath, line, mapping } from './schema-fields.ts'

const bucket = mapping({
  region: line(64).optional().describe("The bucket's region."),
  endpoint: line(300).optional().describe('Another S3 for this bucket.'),
  credentials: credentialsSchema.optional().describe('Other credentials for this bucket.'),
})

/**
 * A bucket, an access point alias, or an access point ARN in the form used in paths: with `:`
 * before its name.
 */
const BUCKET_NAME =
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]{1,254}|arn:aws[a-z-]{0,10}:s3:[a-z0-9-]{1,32}:[0-9]{12}:accesspoint:[a-z0-9-]{3,50})$/

/** The characters of a region in a credential scope. */
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
      'The region to sign for. Default: the region in an AWS `endpoint`; `us-east-1` for the sandbox.',
    ),
  acceptRegions: z
    .array(z.string().regex(SCOPE_REGION, 'is not a region name'))
    .max(64)
    .prefault([])
    .describe(
      'Regions that clients may sign for in addition to `region`: for example `auto` or a host name, which clients use for other S3 servers. Requests to S3 are always signed for `region`.',
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
      '`terminate`: Sealgate verifies trailing checksums, for S3 servers that do not know them, and sends a plain body: up to 16 MiB with the checksum as a header, above without it.',
    ),
  allowPlaintext: z
    .boolean()
    .default(false)
    .describe('Allows `http://` to a host that is not loopback.'),
  caFile: filePath
    .optional()
    .describe("PEM: CAs for the upstream's certificate, instead of the system's."),
  connections: count(1, 65_535)
    .optional()
    .describe('Limit of sockets to one upstream host. Default: `limits.concurrentRequests`.'),
  connectTimeout: duration('100ms', '1m')
    .prefault('5s')
    .describe('Limit of the wait for a connection.'),
  headersTimeout: duration('1s', '1h')
    .prefault('5m')
    .describe("Limit of the wait for the head of S3's answer after the request was sent."),
  idleTimeout: duration('1s', '10m')
    .prefault('5s')
    .describe(
      'An idle connection is closed after this time. S3 closes its side after 5 to 20 s; a large upload that is sent at that moment fails, and its client must repeat it.',
    ),
  buckets: z
    .record(z.string().regex(BUCKET_NAME, 'is not a bucket name'), bucket)
    .prefault({})
    .describe(
      'Settings of single buckets, by name. An access point is served if it is listed here: by its alias, or by its ARN with `:` in place of `/`.',
    ),
})

/** The section as in the file, defaults filled in. */
export type RawUpstream = z.output<typeof upstreamSchema>
