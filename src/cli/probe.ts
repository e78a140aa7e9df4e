import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client, Config } from '../config/config.ts'
import { formatConfigError } from '../config/problems.ts'
import { isWildcardHost } from '../config/socket-address.ts'
import { matchesAny } from '../policy/pattern.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { loadConfiguration } from './load-configuration.ts'
import type { HttpEndpoint } from './option-values.ts'
import { type ProbeCheck, runProbe } from './probe-checks.ts'
import { ProbeClient, type ProbeKeys } from './probe-client.ts'
import { expectationOf } from './probe-expectation.ts'
import { startProblem } from './start-problem.ts'

/**
 * `sealgate probe`: signs as a client of the running proxy and verifies its guarantees: a written
 * object can be read and has the policy's key, and requests that must be refused are. Prints one
 * line per check; a failed one says what to do. Returns 0 if all passed, 1 if a check failed, 2 for
 * wrong usage or configuration.
 */
export async function probe(options: ProbeOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadConfiguration(options.configFile, terminal)
  if (!loaded.ok) {
    terminal.stderr(formatConfigError(loaded.error))
    return 2
  }
  const prepared = await prepare(loaded.value, options)
  if (!prepared.ok) return usageError(terminal, prepared.error)
  const { client, keys, endpoint, ca } = prepared.value

  const { bucket, prefix } = options
  const subject = { client, bucket, key: `${prefix}${randomBytes(8).toString('hex')}` }
  const expected = expectationOf(loaded.value, subject, randomBytes(1024), Date.now())
  if (!expected.ok) {
    terminal.stdout(line({ name: 'policy', isGood: false, finding: expected.error }))
    return 1
  }
  const checks = runProbe({
    client: new ProbeClient(endpoint, loaded.value.upstream.region, ca),
    subject,
    expected: expected.value,
    keys,
  })
  let isGood = true
  for await (const check of checks) {
    terminal.stdout(line(check))
    isGood &&= check.isGood
  }
  return isGood ? 0 : 1
}

/** The options of `sealgate probe`. */
interface ProbeOptions {
  readonly configFile: string
  readonly bucket: string
  /** A client's name in the configuration; undefined: the first that may use the bucket. */
  readonly client?: string | undefined
  /** The address of the running proxy; undefined: the first listener of the configuration. */
  readonly endpoint?: HttpEndpoint | undefined
  /** The prefix of the probe's key. */
  readonly prefix: string
  /** PEM file with the CA of the proxy's certificate; undefined: the system's CAs. */
  readonly ca?: string | undefined
}

interface PreparedProbe {
  readonly client: Client
  readonly keys: ProbeKeys | undefined
  readonly endpoint: HttpEndpoint
  readonly ca: string | undefined
}

/** Resolves the client and the endpoint, or returns what is wrong with the arguments. */
async function prepare(
  config: Config,
  options: ProbeOptions,
): Promise<Result<PreparedProbe, string>> {
  const client = findClient(config, options)
  if (!client.ok) return client
  const endpoint = options.endpoint ?? firstListener(config)
  if (endpoint === undefined) {
    return failure(`${options.configFile} has no listener with a fixed port; set --endpoint URL.`)
  }
  try {
    const ca = options.ca === undefined ? undefined : await readFile(options.ca, 'utf8')
    return ok({ client: client.value, keys: keysOf(client.value), endpoint, ca })
  } catch (error) {
    return failure(`--ca: ${startProblem('--ca', error)}`)
  }
}

function findClient(config: Config, options: ProbeOptions): Result<Client, string> {
  const { client: name, bucket, configFile } = options
  if (name !== undefined) {
    const named = config.clients.find((client) => client.name === name)
    if (named === undefined) return failure(`no client '${name}' in ${configFile}.`)
    if (canProbe(named)) return ok(named)
    return failure(
      `the client '${name}' is identified by its certificate or token, which a probe cannot use.`,
    )
  }
  const able = config.clients.filter(
    (client) => canProbe(client) && matchesAny(client.buckets, bucket),
  )
  const client = able.find(({ identity }) => identity.kind === 'keys') ?? able[0]
  return client === undefined
    ? failure(`no client in ${configFile} may use ${bucket}; set --client NAME.`)
    : ok(client)
}

/** Without a certificate or an identity token. */
function canProbe({ identity }: Client): boolean {
  return identity.kind === 'keys' || identity.kind === 'anonymous'
}

function keysOf({ identity }: Client): ProbeKeys | undefined {
  if (identity.kind !== 'keys') return undefined
  const [secretAccessKey = ''] = identity.secretAccessKeys
  const { accessKeyId, sessionToken } = identity
  return { accessKeyId, secretAccessKey, sessionToken }
}

/**
 * The address for a client on this machine: a listener on all addresses is also on loopback, always
 * over IPv4, over IPv6 only if the machine or pod has it.
 */
function firstListener(config: Config): HttpEndpoint | undefined {
  const listener = config.listen.find(({ kind, address }) => kind === 's3' && address.port !== 0)
  if (listener === undefined) return undefined
  const { host, port } = listener.address
  const isTls = listener.tls !== undefined
  const hostname = isWildcardHost(host) ? '127.0.0.1' : host
  const [name = hostname] = listener.hosts
  return { isTls, hostname, port, host: `${name}:${port}` }
}

function line({ name, isGood, finding }: ProbeCheck): string {
  // OpenSSL's messages contain line ends.
  return `${isGood ? 'ok    ' : 'FAILED'}  ${name}: ${finding.replace(/\s+/g, ' ')}\n`
}
