/** AWS's domain names. Source: partitions of the AWS SDK's endpoint rule sets. */
const AWS_SUFFIXES = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.eu',
  'api.aws',
  'api.amazonwebservices.com.cn',
  'c2s.ic.gov',
  'sc2s.sgov.gov',
  'cloud.adc-e.uk',
  'csp.hci.ic.gov',
] as const

/** Tells whether the (lower-case) host is AWS's own, VPC endpoints included. */
export function isAwsHost(host: string): boolean {
  return AWS_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
}

/** What AWS's region names look like; only then may one become part of a host name. */
export const AWS_REGION = /^[a-z]{2,4}(?:-[a-z]{2,10}){1,3}-\d{1,2}$/

/** Options that change AWS's host names. */
export interface AwsEndpointOptions {
  readonly dualStack: boolean
  readonly fips: boolean
  readonly accelerate: boolean
}

/**
 * AWS's S3 host for a region, without a bucket: `s3.eu-central-1.amazonaws.com`. Accelerate has no
 * region in its name and takes virtual-hosted style only.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/s3.html
 */
export function awsS3Host(region: string, options: AwsEndpointOptions): string {
  const suffix = regionSuffix(region)
  const dualStack = options.dualStack ? '.dualstack' : ''
  if (options.accelerate) return `s3-accelerate${dualStack}.${suffix}`
  return `s3${options.fips ? '-fips' : ''}${dualStack}.${region}.${suffix}`
}

/** The partition of ARNs in a region: `aws`, `aws-cn`, `aws-us-gov`, … */
export function regionPartition(region: string): string {
  for (const [prefix, partition] of PARTITIONS) {
    if (region.startsWith(prefix)) return partition
  }
  return 'aws'
}

const PARTITIONS = [
  ['cn-', 'aws-cn', 'amazonaws.com.cn'],
  ['us-gov-', 'aws-us-gov', 'amazonaws.com'],
  ['us-iso-', 'aws-iso', 'c2s.ic.gov'],
  ['us-isob-', 'aws-iso-b', 'sc2s.sgov.gov'],
  ['eu-isoe-', 'aws-iso-e', 'cloud.adc-e.uk'],
  ['us-isof-', 'aws-iso-f', 'csp.hci.ic.gov'],
  ['eusc-', 'aws-eusc', 'amazonaws.eu'],
] as const

function regionSuffix(region: string): string {
  for (const [prefix, , suffix] of PARTITIONS) {
    if (region.startsWith(prefix)) return suffix
  }
  return 'amazonaws.com'
}

/** The region in one of AWS's regional S3 hosts; undefined where the host names none. */
export function awsHostRegion(host: string): string | undefined {
  if (!isAwsHost(host)) return undefined
  const labels = host.split('.')
  const at = labels.findIndex((label) => label === 's3' || label === 's3-fips')
  if (at === -1) return undefined
  const next = labels[at + 1] === 'dualstack' ? labels[at + 2] : labels[at + 1]
  return next !== undefined && AWS_REGION.test(next) ? next : undefined
}
