const REGION_LENGTH_MAX = 32

/**
 * DNS suffixes of AWS's partitions, by the prefix of the partition's region names; the first match
 * wins.
 */
const SUFFIXES: readonly (readonly [prefix: string, suffix: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu'],
  ['', 'amazonaws.com'],
]

/**
 * Returns whether a text has the form of an AWS region name (`eu-central-1`, `us-gov-west-1`), so
 * that it is safe as a label of a host name. It does not check that the region exists.
 */
export function isRegionName(text: string): boolean {
  return (
    text.length <= REGION_LENGTH_MAX && /^[a-z]{2,4}(?:-[a-z]{1,12}){1,3}-[0-9]{1,2}$/.test(text)
  )
}

/** Returns the DNS suffix of a region's partition, `amazonaws.com` for most. */
export function dnsSuffixOf(region: string): string {
  for (const [prefix, suffix] of SUFFIXES) {
    if (region.startsWith(prefix)) return suffix
  }
  return 'amazonaws.com'
}

/**
 * DNS suffixes of AWS's newer names, including dual-stack ones; some services of S3 have no others.
 *
 * Source: partitions.json of the AWS SDKs, `dualStackDnsSuffix`
 */
const DUAL_STACK_SUFFIXES = [
  'api.aws',
  'api.amazonwebservices.com.cn',
  'api.amazonwebservices.eu',
  'api.aws.ic.gov',
  'api.aws.scloud',
  'api.aws.hci.ic.gov',
  'api.cloud-aws.adc-e.uk',
] as const

/** All DNS suffixes of AWS's own service endpoints. */
export const DNS_SUFFIXES: readonly string[] = [
  ...SUFFIXES.map(([, suffix]) => suffix),
  ...DUAL_STACK_SUFFIXES,
]

/**
 * DNS suffixes shared by customers' resources and services: `on.aws` has the mount targets of S3
 * Files, and the URLs of all Lambda functions.
 */
export const RESOURCE_SUFFIXES: readonly string[] = DUAL_STACK_SUFFIXES.map((suffix) =>
  suffix.replace('api.', 'on.'),
)
