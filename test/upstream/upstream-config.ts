import type { Client, UpstreamConfig } from '../../src/config/config.ts'
import type { CredentialsConfig } from '../../src/config/schema-credentials.ts'

/** AWS in eu-central-1, with the defaults of the configuration. */
export function upstreamConfig(change: Partial<UpstreamConfig> = {}): UpstreamConfig {
  return {
    endpoint: {
      kind: 'url',
      protocol: 'https:',
      hostname: 's3.eu-central-1.amazonaws.com',
      port: 443,
    },
    region: 'eu-central-1',
    acceptRegions: [],
    addressing: 'virtual',
    credentials: { source: 'default' },
    trailers: 'forward',
    caFile: undefined,
    connections: 10,
    connectTimeoutMs: 5_000,
    headersTimeoutMs: 60_000,
    idleTimeoutMs: 15_000,
    allowPlaintext: false,
    isAws: true,
    dualStack: false,
    fips: false,
    accelerate: false,
    buckets: new Map(),
    ...change,
  }
}

export function clientConfig(name: string, upstream: CredentialsConfig | undefined): Client {
  return { name, identity: { kind: 'anonymous' }, buckets: [], prefixes: [''], allow: [], upstream }
}
