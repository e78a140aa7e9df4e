import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { ACCOUNT, REGION, type Teardown } from './start-test-sandbox.ts'

/** The AWS SDK's client with default settings, path style, one attempt. Its clock is the real one. */
export function sdkClient(t: Teardown, sandbox: Sandbox, config: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    endpoint: sandbox.url,
    region: REGION,
    credentials: ACCOUNT,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  })
  t.teardown(() => client.destroy())
  return client
}
