import { DNS_SUFFIXES, RESOURCE_SUFFIXES } from './region.ts'

/** Which of AWS's forms of an S3 host name it is. `other`: S3, but in no form that is known. */
export type S3HostForm =
  | 'regional'
  | 'global'
  | 'dual-stack'
  | 'fips'
  | 'accelerate'
  | 'access-point'
  | 'object-lambda'
  | 'multi-region-access-point'
  | 'outposts'
  | 'directory-bucket'
  | 'directory-control'
  | 'control'
  | 'website'
  | 'vpc-endpoint'
  | 'tables'
  | 'vectors'
  | 'files'
  | 'transfer-family'
  | 'other'

/** An S3 host of AWS. */
interface S3Host {
  /** `path`: the bucket is in the path; `virtual`: it is in the name; `unsupported`: neither. */
  readonly kind: 'path' | 'virtual' | 'unsupported'
  readonly form: S3HostForm
  /** What stands in the bucket's place of a `virtual` name; undefined else. Not yet checked. */
  readonly bucket: string | undefined
  /** Undefined for names without a region. */
  readonly region: string | undefined
}

/** Longer names do not resolve; and the patterns never see one. */
const HOSTNAME_LENGTH_MAX = 255

const SUFFIXES = [...DNS_SUFFIXES, ...RESOURCE_SUFFIXES]

const REGION = '(?<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})'
const BUCKET = '(?:(?<bucket>.+)\\.)?'

/**
 * The name before the DNS suffix; first match wins. Forms that stand at the end of the name come
 * first, so that a bucket may be called like another form. Run once a connection, not once a request.
 */
const FORMS: readonly (readonly [form: S3HostForm, supported: boolean, pattern: RegExp])[] = [
  [
    'vpc-endpoint',
    false,
    new RegExp(
      `(?:^|\\.)vpce-[^.]+\\.(?:[^.]+\\.)*(?:s3[^.]*|server\\.transfer)\\.(?:${REGION}\\.)?vpce$`,
    ),
  ],
  ['multi-region-access-point', false, /(?:^|\.)s3-global$/],
  ['access-point', false, service('s3-accesspoint')],
  ['object-lambda', false, service('s3-object-lambda')],
  ['outposts', false, service('s3-outposts')],
  ['control', false, service('s3-control')],
  ['directory-control', false, service('s3express-control')],
  ['directory-bucket', false, service('s3express-[^.]+')],
  ['tables', false, service('s3tables')],
  ['vectors', false, service('s3vectors')],
  ['files', false, service('s3files')],
  ['transfer-family', false, service('(?:server\\.transfer|transfer-server)')],
  ['website', false, rest(`s3-website[-.]${REGION}`)],
  ['accelerate', true, /^(?:(?<bucket>.+)\.)s3-accelerate(?:\.dualstack)?$/],
  ['fips', true, rest(`s3-fips(?:\\.dualstack)?[-.]${REGION}`)],
  ['dual-stack', true, rest(`s3\\.dualstack\\.${REGION}`)],
  ['regional', true, rest(`s3[-.]${REGION}`)],
  ['global', true, rest('s3')],
  ['global', true, rest('s3-external-1')],
  // Names that AWS may yet give S3: known as S3, so that they do not pass for something else.
  ['other', false, new RegExp(`(?:^|\\.)s3[^.]*(?:\\.dualstack)?(?:[.-]${REGION})?$`)],
]

/** `s3` or `s3-something` as any label: S3's, unless a customer's name stands there. */
const S3_LABEL = /(?:^|\.)s3(?:-[^.]*)?(?:\.|$)/

/**
 * Endpoints whose first label customers choose: load balancers, and services that stand behind the
 * region (`s3-gateway-1.us-east-1.elb`, `s3-index.abc.eu-west-1.rds`). S3's own never stand there.
 */
const CUSTOMER_NAMED =
  /\.[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}\.(?!vpce$|s3)[a-z0-9-]+$|\.elb\.[a-z0-9-]+$/

/**
 * Recognises AWS's host names of S3, in any case, with a last dot or without; undefined for any
 * other host. `unsupported` ones are S3 all the same, and must never pass as something else: S3
 * Tables, Vectors and Files too, and the servers of Transfer Family, which write what they get to S3.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/s3.html and the endpoint rule sets of s3,
 * s3control, s3outposts, s3tables, s3vectors and s3files in the AWS SDKs
 */
export function recognizeS3Host(hostname: string): S3Host | undefined {
  if (hostname.length > HOSTNAME_LENGTH_MAX) return undefined
  const lower = hostname.toLowerCase()
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower
  for (const suffix of SUFFIXES) {
    if (name.endsWith(`.${suffix}`)) return recognize(name.slice(0, -suffix.length - 1))
  }
  return undefined
}

function recognize(name: string): S3Host | undefined {
  for (const [form, supported, pattern] of FORMS) {
    const match = pattern.exec(name)
    if (match === null) continue
    const { bucket, region }: { bucket?: string; region?: string } = match.groups ?? {}
    if (!supported) return { kind: 'unsupported', form, bucket: undefined, region }
    return { kind: bucket === undefined ? 'path' : 'virtual', form, bucket, region }
  }
  if (!S3_LABEL.test(name) || CUSTOMER_NAMED.test(name)) return undefined
  return { kind: 'unsupported', form: 'other', bucket: undefined, region: undefined }
}

/** A service's own label before the region, with FIPS and dual-stack or without. */
function service(label: string): RegExp {
  return new RegExp(`(?:^|\\.)${label}(?:-fips)?(?:\\.dualstack)?\\.${REGION}$`)
}

/** What may stand before is the bucket, dots included. */
function rest(pattern: string): RegExp {
  return new RegExp(`^${BUCKET}${pattern}$`)
}
