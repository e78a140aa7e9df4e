import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { type RequestRecord, type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'

/** What every test of the sandbox is signed with. */
export const ACCOUNT = { accessKeyId: 'SANDBOXKEY0000000001', secretAccessKey: 'sandbox+secret/1' }

export const REGION = 'eu-central-1'

export const KEY = `arn:aws:kms:${REGION}:111122223333:key/11111111-1111-4111-8111-111111111111`
export const DISABLED_KEY = `arn:aws:kms:${REGION}:111122223333:key/22222222-2222-4222-8222-222222222222`
export const PENDING_KEY = `arn:aws:kms:${REGION}:111122223333:key/33333333-3333-4333-8333-333333333333`

export const BUCKET = 'bucket-one'

/** What the tests use of tap. */
export interface Teardown {
  teardown(handler: () => unknown): void
}

export interface TestSandbox {
  readonly sandbox: Sandbox
  /** Every request that came, head only. */
  readonly requests: RequestRecord[]
  /** A client with default settings, path style, one attempt. */
  client(config?: S3ClientConfig): S3Client
}

/** Starts a sandbox on a free port with a bucket and three keys; ends with the test. */
export async function startTestSandbox(
  t: Teardown,
  options: Partial<Parameters<typeof startSandbox>[0]> = {},
): Promise<TestSandbox> {
  const requests: RequestRecord[] = []
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    dataDir: mkdtempSync(join(tmpdir(), 'sandbox-')),
    region: REGION,
    accounts: [ACCOUNT],
    kmsKeys: [
      { arn: KEY, state: 'enabled' },
      { arn: DISABLED_KEY, state: 'disabled' },
      { arn: PENDING_KEY, state: 'pending-deletion' },
    ],
    buckets: [BUCKET, 'bucket-two'],
    onRequest: (record) => requests.push(record),
    ...options,
  })
  const clients: S3Client[] = []
  t.teardown(async () => {
    for (const client of clients) client.destroy()
    await sandbox.close()
  })
  return {
    sandbox,
    requests,
    client(config = {}) {
      const client = new S3Client({
        endpoint: sandbox.url,
        region: REGION,
        credentials: ACCOUNT,
        forcePathStyle: true,
        maxAttempts: 1,
        ...config,
      })
      clients.push(client)
      return client
    },
  }
}
