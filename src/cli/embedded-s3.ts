import { randomBytes } from 'node:crypto'
import type { Config, UpstreamEndpoint } from '../config/config.ts'
import type { CredentialsConfig } from '../config/schema-credentials.ts'
import { startSandbox } from '../sandbox/sandbox.ts'

/** The embedded S3 for a configuration with `sandbox:`. */
export interface EmbeddedS3 {
  readonly endpoint: UpstreamEndpoint
  readonly credentials: CredentialsConfig
  readonly dataDir: string
  /** Adds the KMS keys of a reloaded policy. */
  learnKeys(config: Config): void
  close(): Promise<void>
}

/** The bucket that exists from the start. */
export const DEMO_BUCKET = 'demo'

/**
 * Starts the embedded S3 on a free loopback port, with its data in a temporary folder that is
 * removed at the end. It knows the policy's keys and one account, whose secret only this process
 * has: all access is through the proxy.
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
