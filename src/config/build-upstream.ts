import { isIP } from 'node:net'
import { isRegionName } from '../s3/region.ts'
import { awsHostRegion, awsS3Host, isAwsHost } from './aws-host.ts'
import { type BuildContext, readNamedFile, resolvePath } from './build-context.ts'
import { buildCredentials } from './build-credentials.ts'
import { readCertificate } from './certificate-files.ts'
import type { BucketUpstream, UpstreamConfig, UpstreamEndpoint } from './config.ts'
import { parseEndpoint } from './endpoint.ts'
import type { ConfigPath } from './problems.ts'
import type { CredentialsConfig } from './schema-credentials.ts'
import type { RawUpstream } from './schema-upstream.ts'
import { isLoopbackHost } from './socket-address.ts'

/**
 * Placeholders for the embedded S3's credentials, which are created at its start; never used to
 * sign.
 */
export const SANDBOX_CREDENTIALS: CredentialsConfig = {
  source: 'static',
  accessKeyId: 'SGSANDBOX0000000001',
  secretAccessKey: 'sandbox-only-0123456789abcdefghijklmnop',
  sessionToken: undefined,
}

const SANDBOX = { kind: 'sandbox' } as const

/** Builds the section; reports problems and returns undefined if it is invalid. */
export async function buildUpstream(
  context: BuildContext,
  path: ConfigPath,
  raw: RawUpstream,
  concurrentRequests: number,
): Promise<UpstreamConfig | undefined> {
  checkEndpointOptions(context, path, raw)
  const endpoint = buildEndpoint(context, path, raw)
  const region = buildRegion(context, path, raw, endpoint)
  const credentials = await buildUpstreamCredentials(context, path, raw, endpoint)
  const caFile = await buildCaFile(context, path, raw.caFile)
  const buckets = await buildBuckets(context, [...path, 'buckets'], raw, endpoint)
  if (endpoint === undefined || region === undefined || credentials === undefined) return undefined
  const isAws = isOfAws(endpoint)
  const addressing = raw.addressing ?? (isAws ? 'virtual' : 'path')
  checkAddressing(context, path, raw, endpoint)
  if (isAws && raw.trailers === 'terminate') {
    context.warn(
      [...path, 'trailers'],
      'AWS knows trailing checksums, and refuses parts above 16 MiB that lack the one their upload declares: remove it',
    )
  }
  return {
    endpoint,
    region,
    acceptRegions: raw.acceptRegions,
    addressing,
    credentials,
    trailers: raw.trailers,
    caFile,
    connections: raw.connections ?? concurrentRequests,
    connectTimeoutMs: raw.connectTimeout,
    headersTimeoutMs: raw.headersTimeout,
    idleTimeoutMs: raw.idleTimeout,
    allowPlaintext: raw.allowPlaintext,
    isAws,
    dualStack: raw.dualStack,
    fips: raw.fips,
    accelerate: raw.accelerate,
    buckets,
  }
}

type Endpoint = UpstreamConfig['endpoint']

function checkEndpointOptions(context: BuildContext, path: ConfigPath, raw: RawUpstream): void {
  if (raw.endpoint !== undefined) {
    for (const option of ['dualStack', 'fips', 'accelerate'] as const) {
      if (raw[option]) {
        context.report([...path, option], 'contradicts endpoint: remove one of the two')
      }
    }
  }
  if (raw.accelerate && raw.fips) {
    context.report([...path, 'accelerate'], 'AWS has no accelerated FIPS endpoint; choose one')
  }
  if (raw.accelerate && raw.addressing === 'path') {
    context.report([...path, 'addressing'], 'accelerate requires addressing: virtual')
  }
}

function buildEndpoint(
  context: BuildContext,
  path: ConfigPath,
  raw: RawUpstream,
): Endpoint | undefined {
  if (raw.endpoint === 'sandbox' || raw.endpoint === 'sandbox:') return SANDBOX
  if (raw.endpoint !== undefined) {
    return readEndpoint(context, [...path, 'endpoint'], raw.endpoint, raw.allowPlaintext)
  }
  if (raw.region === undefined) {
    context.report(
      path,
      "endpoint and region are missing: set region for AWS, or endpoint: 'sandbox:'",
    )
    return undefined
  }
  if (!isRegionName(raw.region)) return undefined // buildRegion reports it
  return { kind: 'url', protocol: 'https:', hostname: awsS3Host(raw.region, raw), port: 443 }
}

function readEndpoint(
  context: BuildContext,
  path: ConfigPath,
  text: string,
  allowPlaintext: boolean,
): UpstreamEndpoint | undefined {
  const parsed = parseEndpoint(text)
  if (!parsed.ok) {
    context.report(path, parsed.error)
    return undefined
  }
  const { protocol, hostname } = parsed.value
  if (protocol === 'http:' && !isLoopbackHost(hostname) && !allowPlaintext) {
    context.report(path, 'plain HTTP beyond loopback: use https://, or set allowPlaintext: true')
    return undefined
  }
  const unfit = unfitAwsEndpoint(hostname)
  if (unfit !== undefined) {
    context.report(path, unfit)
    return undefined
  }
  return parsed.value
}

/** Describes why a host of AWS cannot be an S3 endpoint; undefined if it can. */
function unfitAwsEndpoint(hostname: string): string | undefined {
  if (!isAwsHost(hostname)) return undefined
  if (/(?:^|\.)s3express-/.test(hostname)) return 'directory buckets (S3 Express) are not supported'
  if (hostname.includes('.accesspoint.s3-global.')) {
    return 'multi-region access points need SigV4A, which is not supported'
  }
  if (/(?:^|\.)s3-website[.-]/.test(hostname)) {
    return 'this is a website endpoint; use the REST endpoint s3.REGION.amazonaws.com'
  }
  if (/(?:^|\.)s3-(?:control|outposts|object-lambda)[.-]/.test(hostname)) {
    return 'this is not the endpoint of S3 buckets; use s3.REGION.amazonaws.com'
  }
  return undefined
}

function buildRegion(
  context: BuildContext,
  path: ConfigPath,
  raw: RawUpstream,
  endpoint: Endpoint | undefined,
): string | undefined {
  const named = endpoint?.kind === 'url' ? awsHostRegion(endpoint.hostname) : undefined
  const region = raw.region ?? named ?? (endpoint?.kind === 'sandbox' ? 'us-east-1' : undefined)
  if (region === undefined) {
    if (endpoint !== undefined) {
      context.report(path, 'region is missing: set the region to sign for')
    }
    return undefined
  }
  const isAws = raw.endpoint === undefined || isOfAws(endpoint)
  if (!checkRegion(context, [...path, 'region'], region, isAws)) return undefined
  if (named !== undefined && named !== region) {
    context.report([...path, 'region'], `the endpoint is in ${named}; use the same region in both`)
    return undefined
  }
  return region
}

/**
 * Reports an invalid region: for AWS it becomes a label of a host name, elsewhere it is only
 * signed.
 */
function checkRegion(
  context: BuildContext,
  path: ConfigPath,
  region: string,
  isAws: boolean,
): boolean {
  const isRegion = isAws ? isRegionName(region) : /^[A-Za-z0-9_-]{1,64}$/.test(region)
  if (!isRegion) context.report(path, 'is not a region name, such as eu-central-1')
  return isRegion
}

function isOfAws(endpoint: Endpoint | undefined): boolean {
  return endpoint?.kind === 'url' && isAwsHost(endpoint.hostname)
}

function checkAddressing(
  context: BuildContext,
  path: ConfigPath,
  raw: RawUpstream,
  endpoint: Endpoint,
): void {
  if (raw.addressing !== 'virtual' || endpoint.kind !== 'url' || isIP(endpoint.hostname) === 0)
    return
  context.report([...path, 'addressing'], 'an IP address has no subdomains; use path')
}

async function buildUpstreamCredentials(
  context: BuildContext,
  path: ConfigPath,
  raw: RawUpstream,
  endpoint: Endpoint | undefined,
): Promise<CredentialsConfig | undefined> {
  const isSandbox = endpoint?.kind === 'sandbox'
  if (raw.credentials === undefined) return isSandbox ? SANDBOX_CREDENTIALS : { source: 'default' }
  if (isSandbox) {
    context.report([...path, 'credentials'], 'the sandbox has its own; remove this')
    return undefined
  }
  return buildCredentials(context, [...path, 'credentials'], raw.credentials)
}

async function buildCaFile(
  context: BuildContext,
  path: ConfigPath,
  file: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return undefined
  const pem = await readNamedFile(context, [...path, 'caFile'], file)
  if (pem !== undefined && readCertificate(pem) === undefined) {
    context.report([...path, 'caFile'], 'has no PEM certificate')
  }
  return resolvePath(context, file)
}

async function buildBuckets(
  context: BuildContext,
  path: ConfigPath,
  raw: RawUpstream,
  upstreamEndpoint: Endpoint | undefined,
): Promise<ReadonlyMap<string, BucketUpstream>> {
  const buckets = new Map<string, BucketUpstream>()
  for (const [name, bucket] of Object.entries(raw.buckets)) {
    const at = [...path, name]
    const endpoint =
      bucket.endpoint === undefined
        ? undefined
        : readEndpoint(context, [...at, 'endpoint'], bucket.endpoint, raw.allowPlaintext)
    if (bucket.region !== undefined) {
      const isAws = isOfAws(bucket.endpoint === undefined ? upstreamEndpoint : endpoint)
      checkRegion(context, [...at, 'region'], bucket.region, isAws)
    }
    buckets.set(name, {
      region: bucket.region,
      endpoint,
      credentials:
        bucket.credentials === undefined
          ? undefined
          : await buildCredentials(context, [...at, 'credentials'], bucket.credentials),
    })
  }
  return buckets
}
