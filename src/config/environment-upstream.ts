import { failure, ok, type Result } from '../base/result.ts'
import type { BuildContext } from './build-context.ts'
import { buildUpstream } from './build-upstream.ts'
import type { UpstreamConfig } from './config.ts'
import type { Environment } from './environment.ts'
import { upstreamSchema } from './schema-upstream.ts'

/** Connections of a command. */
const CONNECTIONS = 16

/**
 * Gives S3 as AWS's own variables name it, for commands without a configuration file: the region
 * (AWS_REGION), the endpoint if it is not AWS's (AWS_ENDPOINT_URL_S3), and the default credentials.
 *
 * Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export async function environmentUpstream(
  env: Environment,
): Promise<Result<UpstreamConfig, string>> {
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION']
  const endpoint = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL']
  if (region === undefined) return failure('AWS_REGION is not set')
  const raw = upstreamSchema.safeParse({ region, ...(endpoint === undefined ? {} : { endpoint }) })
  if (!raw.success) return failure('AWS_REGION or AWS_ENDPOINT_URL_S3 is malformed')
  const problems: string[] = []
  const context: BuildContext = {
    directory: '.',
    readFile: undefined,
    report: (_path, message) => problems.push(message),
    warn: () => undefined,
  }
  const upstream = await buildUpstream(context, [], raw.data, CONNECTIONS)
  if (upstream === undefined || problems.length > 0) {
    return failure(`AWS_REGION or AWS_ENDPOINT_URL_S3: ${problems[0] ?? 'malformed'}`)
  }
  return ok(upstream)
}
