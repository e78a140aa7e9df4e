import { DNS_SUFFIXES } from './region.ts'

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
  | 'other'

/** An S3 host of AWS. */
export interface S3Host {
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

const REGION = '(?<region>[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})'
const BUCKET = '(?:(?<bucket>.+)\\.)?'

/** The name before the DNS suffix; first match wins. Run once a connection, not once a request. */
const FORMS: readonly (readonly [form: S3HostForm, supported: boolean, pattern: RegExp])[] = [
  ['vpc-endpoint', false, new RegExp(`(?:^|\\.)vpce-[^.]+\\.(?:s3\\.${REGION}\\.|.*)vpce$`)],
  ['directory-control', false, /(?:^|\.)s3express-control(?:-fips)?(?:\.|$)/],
  ['directory-bucket', false, /(?:^|\.)s3express-[^.]+(?:\.|$)/],
  ['multi-region-access-point', false, /(?:^|\.)s3-global$/],
  ['access-point', false, rest(`s3-accesspoint(?:-fips)?(?:\\.dualstack)?\\.${REGION}`)],
  ['object-lambda', false, rest(`s3-object-lambda(?:-fips)?(?:\\.dualstack)?\\.${REGION}`)],
  ['outposts', false, rest(`s3-outposts(?:-fips)?(?:\\.dualstack)?\\.${REGION}`)],
  ['control', false, rest(`s3-control(?:-fips)?(?:\\.dualstack)?\\.${REGION}`)],
  ['website', false, rest(`s3-website[-.]${REGION}`)],
  ['accelerate', true, /^(?:(?<bucket>.+)\.)s3-accelerate(?:\.dualstack)?$/],
  ['fips', true, rest(`s3-fips(?:\\.dualstack)?[-.]${REGION}`)],
  ['dual-stack', true, rest(`s3\\.dualstack\\.${REGION}`)],
  ['regional', true, rest(`s3[-.]${REGION}`)],
  ['global', true, rest('s3')],
  ['global', true, rest('s3-external-1')],
  // Names that AWS may yet give S3: known as S3, so that they do not pass for something else.
  ['other', false, /(?:^|\.)s3(?:-[^.]*)?(?:\.|$)/],
]

/**
 * Recognises AWS's host names of S3, in any case, with a last dot or without; undefined for any
 * other host. `unsupported` ones are S3 all the same, and must never pass as something else.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/s3.html and the endpoint rule set of S3
 */
export function recognizeS3Host(hostname: string): S3Host | undefined {
  if (hostname.length > HOSTNAME_LENGTH_MAX) return undefined
  const lower = hostname.toLowerCase()
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower
  for (const suffix of DNS_SUFFIXES) {
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
  return undefined
}

/** What may stand before is the bucket, dots included. */
function rest(pattern: string): RegExp {
  return new RegExp(`^${BUCKET}${pattern}$`)
}
