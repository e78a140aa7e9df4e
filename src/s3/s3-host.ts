import { DNS_SUFFIXES, RESOURCE_SUFFIXES } from './region.ts'

/** AWS's forms of an S3 host name. `other`: S3, but in an unknown form. */
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
  /** The bucket part of a `virtual` name; otherwise undefined. Not validated yet. */
  readonly bucket: string | undefined
  /** Undefined for names without a region. */
  readonly region: string | undefined
}

/** Longer names do not resolve; this also limits the work of the patterns. */
const HOSTNAME_LENGTH_MAX = 255

const SUFFIXES = [...DNS_SUFFIXES, ...RESOURCE_SUFFIXES]

const REGION = '(?<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})'
const BUCKET = '(?:(?<bucket>.+)\\.)?'

/**
 * The patterns of the name before the DNS suffix; the first match wins. Forms that match at the end
 * of the name come first, so that a bucket may have the name of another form. Evaluated once per
 * connection, not per request.
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
  // Names that AWS may assign to S3 later. Recognised as S3, so that they cannot pass as another
  // host.
  ['other', false, new RegExp(`(?:^|\\.)s3[^.]*(?:\\.dualstack)?(?:[.-]${REGION})?$`)],
]

/** `s3` or `s3-something` as any label: S3, unless customers choose that label. */
const S3_LABEL = /(?:^|\.)s3(?:-[^.]*)?(?:\.|$)/

/**
 * Endpoints whose first label customers choose: load balancers, and services whose name comes after
 * the region (`s3-gateway-1.us-east-1.elb`, `s3-index.abc.eu-west-1.rds`). S3's own names never
 * have that form.
 */
const CUSTOMER_NAMED =
  /\.[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}\.(?!vpce$|s3)[a-z0-9-]+$|\.elb\.[a-z0-9-]+$/

/**
 * Recognises AWS's host names of S3, in any case, with or without a trailing dot; undefined for any
 * other host. An `unsupported` host is still S3 and must never be tunnelled as another host. This
 * includes S3 Tables, Vectors and Files, and the servers of Transfer Family, which write to S3.
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

/** A service's own label before the region, with or without FIPS and dual-stack. */
function service(label: string): RegExp {
  return new RegExp(`(?:^|\\.)${label}(?:-fips)?(?:\\.dualstack)?\\.${REGION}$`)
}

/** The text before the pattern is the bucket, dots included. */
function rest(pattern: string): RegExp {
  return new RegExp(`^${BUCKET}${pattern}$`)
}
