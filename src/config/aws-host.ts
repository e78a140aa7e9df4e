import { DNS_SUFFIXES, dnsSuffixOf, isRegionName } from '../s3/region.ts'
import { recognizeS3Host } from '../s3/s3-host.ts'

/** Returns whether the (lower-case) host is AWS's own, VPC endpoints included. */
export function isAwsHost(host: string): boolean {
  return DNS_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`))
}

/** Options that change AWS's host names. */
interface AwsEndpointOptions {
  readonly dualStack: boolean
  readonly fips: boolean
  readonly accelerate: boolean
}

/**
 * Returns AWS's S3 host for a region, without a bucket: `s3.eu-central-1.amazonaws.com`. The
 * accelerate host has no region and supports virtual-hosted style only.
 *
 * Source: https://docs.aws.amazon.com/general/latest/gr/s3.html
 */
export function awsS3Host(region: string, options: AwsEndpointOptions): string {
  const suffix = dnsSuffixOf(region)
  const dualStack = options.dualStack ? '.dualstack' : ''
  if (options.accelerate) return `s3-accelerate${dualStack}.${suffix}`
  return `s3${options.fips ? '-fips' : ''}${dualStack}.${region}.${suffix}`
}

/** Returns the partition in a region's ARNs: `aws`, `aws-cn`, `aws-us-gov`, … */
export function regionPartition(region: string): string {
  for (const [prefix, partition] of PARTITIONS) {
    if (region.startsWith(prefix)) return partition
  }
  return 'aws'
}

const PARTITIONS = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
] as const

/** Returns the region in one of AWS's regional S3 hosts; undefined if the host has none. */
export function awsHostRegion(host: string): string | undefined {
  const region = recognizeS3Host(host)?.region
  return region !== undefined && isRegionName(region) ? region : undefined
}
