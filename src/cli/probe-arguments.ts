import { parseArgs } from 'node:util'
import { failure, ok, type Result } from '../base/result.ts'
import { argumentFault } from './command.ts'

/** A parsed command line of `sealgate probe`. */
export interface ProbeArguments {
  readonly configFile: string
  readonly bucket: string
  /** A client's name in the configuration; undefined: the first that may touch the bucket. */
  readonly client: string | undefined
  /** Where the running proxy is; undefined: at the first listener of the configuration. */
  readonly endpoint: ProbeEndpoint | undefined
  /** What the probe's key begins with. */
  readonly prefix: string
  /** PEM file with the authority of the proxy's certificate; undefined: the system's authorities. */
  readonly caFile: string | undefined
}

/** Where the proxy is reached, and the name that its Host field and its certificate must bear. */
export interface ProbeEndpoint {
  readonly isTls: boolean
  /** To connect to; an IP literal has no brackets. */
  readonly hostname: string
  readonly port: number
  /** The value of the Host field. */
  readonly host: string
}

/** Keys of probes, unless another prefix is asked for. */
export const PROBE_PREFIX = '.sealgate-probe/'

/** Reads the arguments after `sealgate probe`. The error is a sentence. */
export function parseProbeArguments(args: readonly string[]): Result<ProbeArguments, string> {
  const parsed = readValues(args)
  if (!parsed.ok) return parsed
  const { config, bucket, client, endpoint, prefix, ca } = parsed.value
  if (config === undefined) return failure('probe needs --config FILE.')
  if (bucket === undefined || bucket === '') return failure('probe needs --bucket BUCKET.')
  const at = endpoint === undefined ? undefined : parseEndpoint(endpoint)
  if (endpoint !== undefined && at === undefined) {
    return failure(`--endpoint '${endpoint}' is not http://HOST[:PORT] or https://HOST[:PORT].`)
  }
  return ok({ configFile: config, bucket, client, endpoint: at, prefix, caFile: ca })
}

function readValues(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', short: 'c' },
        bucket: { type: 'string' },
        client: { type: 'string' },
        endpoint: { type: 'string' },
        prefix: { type: 'string', default: PROBE_PREFIX },
        ca: { type: 'string' },
      },
    })
    return ok(values)
  } catch (error) {
    return failure(argumentFault(error))
  }
}

function parseEndpoint(text: string): ProbeEndpoint | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  if (url.pathname !== '/' || `${url.search}${url.hash}${url.username}${url.password}` !== '') {
    return undefined
  }
  const isTls = url.protocol === 'https:'
  const defaultPort = isTls ? 443 : 80
  const port = url.port === '' ? defaultPort : Number(url.port)
  return { isTls, hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, host: url.host }
}
