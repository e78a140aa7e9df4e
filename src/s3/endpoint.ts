import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { refusal } from './refusals.ts'
import { dnsSuffixOf, isRegionName } from './region.ts'

/** The inputs that determine the AWS endpoint of a request. */
export interface EndpointParameters {
  readonly region: string
  readonly dualStack: boolean
  readonly fips: boolean
  readonly accelerate: boolean
  readonly addressing: 'path' | 'virtual'
  /**
   * Undefined for the service. May be an access point alias or ARN if the operator configured it.
   */
  readonly bucket: string | undefined
}

/** The AWS endpoint of a request. */
interface Endpoint {
  /** Without port; with the bucket's label if `addressing` is `virtual` and there is a bucket. */
  readonly hostname: string
  /** `virtual`: the path is `/key`; `path`: it is `/bucket/key`. */
  readonly addressing: 'path' | 'virtual'
  /** The region to sign for: the ARN of an access point names its own. */
  readonly region: string
}

/**
 * Builds the host name of an S3 endpoint of AWS, for TLS. A bucket name with dots uses path style,
 * since no wildcard certificate covers it. Refused with 400 InvalidRequest: `endpoint-invalid` if
 * AWS has no such endpoint (accelerate with FIPS or with dots, FIPS in China, an invalid region
 * name); `endpoint-unsupported` for directory buckets, multi-Region access points, Object Lambda
 * and Outposts, which are signed differently.
 *
 * Source: endpoint rule set of S3, botocore 1.43.107, data/s3/2006-03-01/endpoint-rule-set-1.json
 */
export function buildEndpoint(parameters: EndpointParameters): Result<Endpoint, S3Error> {
  const { region, fips, accelerate, bucket } = parameters
  if (!isRegionName(region))
    return failure(
      refusal('endpoint-invalid', { detail: `${JSON.stringify(region)} is not a region.` }),
    )
  if (fips && dnsSuffixOf(region) === 'amazonaws.com.cn') {
    return failure(refusal('endpoint-invalid', { detail: 'There are no FIPS endpoints in China.' }))
  }
  if (fips && accelerate)
    return failure(refusal('endpoint-invalid', { detail: 'Accelerate cannot be used with FIPS.' }))
  if (bucket === undefined) return ok(regional(parameters, undefined))
  if (bucket.startsWith('arn:')) return buildAccessPoint(bucket, parameters)
  if (isUnsupported(bucket)) return failure(refusal('endpoint-unsupported', { bucket }))
  return accelerate ? buildAccelerated(parameters, bucket) : ok(regional(parameters, bucket))
}

function regional(
  { region, dualStack, fips, addressing }: EndpointParameters,
  bucket: string | undefined,
): Endpoint {
  const service = `s3${fips ? '-fips' : ''}${dualStack ? '.dualstack' : ''}`
  const hostname = `${service}.${region}.${dnsSuffixOf(region)}`
  if (bucket === undefined || addressing === 'path' || bucket.includes('.')) {
    return { hostname, addressing: 'path', region }
  }
  return { hostname: `${bucket}.${hostname}`, addressing: 'virtual', region }
}

function buildAccelerated(
  { region, dualStack }: EndpointParameters,
  bucket: string,
): Result<Endpoint, S3Error> {
  const suffix = dnsSuffixOf(region)
  if (suffix !== 'amazonaws.com') {
    return failure(
      refusal('endpoint-invalid', { detail: 'S3 Accelerate cannot be used in this region.' }),
    )
  }
  if (bucket.includes('.')) {
    return failure(
      refusal('endpoint-invalid', {
        detail: 'S3 Accelerate cannot be used with a bucket name that has dots.',
      }),
    )
  }
  const service = `s3-accelerate${dualStack ? '.dualstack' : ''}`
  return ok({ hostname: `${bucket}.${service}.${suffix}`, addressing: 'virtual', region })
}

/** `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`, or with `:` before the name. */
function buildAccessPoint(
  arn: string,
  { dualStack, fips, accelerate }: EndpointParameters,
): Result<Endpoint, S3Error> {
  const [, partition = '', service = '', region = '', account = '', ...rest] = arn.split(':')
  const [type = '', name = '', ...more] = rest.join('/').split('/')
  if (service !== 's3' || type !== 'accesspoint' || region === '')
    return failure(refusal('endpoint-unsupported', { bucket: arn }))
  const isWellFormed =
    /^aws[a-z-]*$/.test(partition) &&
    isRegionName(region) &&
    /^[0-9]{12}$/.test(account) &&
    /^[a-z0-9](?:[a-z0-9-]{1,48})[a-z0-9]$/.test(name) &&
    more.length === 0
  if (!isWellFormed)
    return failure(
      refusal('endpoint-invalid', { detail: 'The ARN of the access point is not valid.' }),
    )
  if (accelerate)
    return failure(
      refusal('endpoint-invalid', { detail: 'Access points do not support S3 Accelerate.' }),
    )
  const host = `s3-accesspoint${fips ? '-fips' : ''}${dualStack ? '.dualstack' : ''}`
  return ok({
    hostname: `${name}-${account}.${host}.${region}.${dnsSuffixOf(region)}`,
    addressing: 'virtual',
    region,
  })
}

function isUnsupported(bucket: string): boolean {
  return (
    bucket.endsWith('--x-s3') ||
    bucket.endsWith('--xa-s3') ||
    bucket.endsWith('.mrap') ||
    bucket.endsWith('--ol-s3') ||
    bucket.endsWith('--table-s3')
  )
}
