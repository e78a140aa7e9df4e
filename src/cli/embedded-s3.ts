import { randomBytes } from 'node:crypto'
import type { Config, CredentialsConfig, UpstreamEndpoint } from '../config/config.ts'
import { startSandbox } from '../sandbox/sandbox.ts'

/** The embedded S3 behind a proxy whose configuration says `sandbox:`. */
export interface EmbeddedS3 {
  readonly endpoint: UpstreamEndpoint
  readonly credentials: CredentialsConfig
  readonly dataDir: string
  /** Adds the KMS keys of a policy that has been reloaded. */
  learnKeys(config: Config): void
  close(): Promise<void>
}

/** The bucket that is there from the start. */
export const DEMO_BUCKET = 'demo'

/**
 * Starts the embedded S3 on a free loopback port, on disk under a temporary folder that goes with it.
 * It knows the keys of the policy, and one account whose secret nobody but this process has: the only
 * way in is through the proxy.
 */
export async function startEmbeddedS3(config: Config): Promise<EmbeddedS3> {
  const account = {
    accessKeyId: `SGSANDBOX${randomBytes(6).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
  }
  const sandbox = await startSandbox({
    region: config.upstream.region,
    accounts: [account],
    kmsKeys: [...keysOf(config)].map((arn) => ({ arn, state: 'enabled' })),
    buckets: [DEMO_BUCKET],
  })
  return {
    endpoint: { kind: 'url', protocol: 'http:', hostname: '127.0.0.1', port: sandbox.port },
    credentials: { source: 'static', ...account, sessionToken: undefined },
    dataDir: sandbox.dataDir,
    learnKeys: (next) => {
      for (const arn of keysOf(next)) sandbox.setKeyState(arn, 'enabled')
    },
    close: () => sandbox.close(),
  }
}

function keysOf({ policy }: Config): ReadonlySet<string> {
  const arns = new Set<string>()
  for (const { effect } of policy.rules) {
    if (effect.kind === 'encrypt') arns.add(effect.keyId)
  }
  return arns
}
