import { setMaxListeners } from 'node:events'
import { staticSource } from '../../src/credentials/static-source.ts'
import { EXAMPLE_ACCOUNT } from '../../src/sandbox/sandbox.ts'
import type { S3Link } from '../../src/sweep/s3-request.ts'
import { Upstream } from '../../src/upstream/upstream.ts'

export interface TestLink extends S3Link {
  close(): Promise<void>
}

/** A link to a server on loopback, with the sandbox's account. */
export function openLink(
  port: number,
  signal: AbortSignal = new AbortController().signal,
): TestLink {
  setMaxListeners(0, signal)
  const endpoint = { kind: 'url', protocol: 'http:', hostname: '127.0.0.1', port } as const
  const upstream = new Upstream(
    {
      endpoint,
      region: 'us-east-1',
      acceptRegions: [],
      addressing: 'path',
      credentials: { source: 'default' },
      trailers: 'forward',
      caFile: undefined,
      connections: 16,
      connectTimeoutMs: 5_000,
      headersTimeoutMs: 10_000,
      idleTimeoutMs: 15_000,
      allowPlaintext: true,
      isAws: false,
      dualStack: false,
      fips: false,
      accelerate: false,
      buckets: new Map(),
    },
    endpoint,
    staticSource({ ...EXAMPLE_ACCOUNT, sessionToken: undefined }),
    undefined,
  )
  return { upstream, signal, isPayer: false, close: () => upstream.close() }
}
