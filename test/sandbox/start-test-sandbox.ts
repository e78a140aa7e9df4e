import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type RequestRecord,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'

/** What every test of the sandbox is signed with. */
export const ACCOUNT = { accessKeyId: 'SANDBOXKEY0000000001', secretAccessKey: 'sandbox+secret/1' }

export const REGION = 'eu-central-1'

export const KEY = `arn:aws:kms:${REGION}:111122223333:key/11111111-1111-4111-8111-111111111111`
export const DISABLED_KEY = `arn:aws:kms:${REGION}:111122223333:key/22222222-2222-4222-8222-222222222222`
export const PENDING_KEY = `arn:aws:kms:${REGION}:111122223333:key/33333333-3333-4333-8333-333333333333`

export const BUCKET = 'bucket-one'

/** The clock of the sandbox and of the test signer. */
export const NOW = Date.UTC(2026, 10, 23, 12, 0, 0)

/** What the helpers use of tap. */
export interface Teardown {
  teardown(handler: () => unknown): void
}

export interface TestSandbox {
  readonly sandbox: Sandbox
  readonly dataDir: string
  /** Every request that came, head only. */
  readonly requests: RequestRecord[]
}

/** Starts a sandbox on a free port with two buckets and three keys; it ends with the test. */
export async function startTestSandbox(
  t: Teardown,
  options: Partial<SandboxOptions> = {},
): Promise<TestSandbox> {
  const requests: RequestRecord[] = []
  const dataDir = options.dataDir ?? temporaryFolder(t)
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    dataDir,
    region: REGION,
    accounts: [ACCOUNT],
    kmsKeys: [
      { arn: KEY, state: 'enabled' },
      { arn: DISABLED_KEY, state: 'disabled' },
      { arn: PENDING_KEY, state: 'pending-deletion' },
    ],
    buckets: [BUCKET, 'bucket-two'],
    now: () => NOW,
    onRequest: (record) => requests.push(record),
    ...options,
  })
  t.teardown(() => sandbox.close())
  return { sandbox, dataDir, requests }
}

/** A folder that goes with the test. */
export function temporaryFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
