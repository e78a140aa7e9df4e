import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import type { KmsKeys } from '../support/access.ts'
import type { Keys } from '../support/signer.ts'
import type { Address } from '../support/wire.ts'

const KEY = 'arn:aws:kms:us-east-1:111122223333:key/'

/** The embedded S3, running in this process. */
export interface RunningSandbox {
  readonly address: Address
  readonly keys: Keys
  readonly region: string
  readonly kms: KmsKeys
  readonly close: () => Promise<void>
}

/** Starts the embedded S3 on a free port, with its data in a folder that `close` takes away. */
export async function startSandboxTarget(): Promise<RunningSandbox> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sealgate-contract-'))
  const keys: Keys = { accessKeyId: 'UPSTREAM000000000001', secretAccessKey: 'upstream-secret' }
  const kms: KmsKeys = {
    one: `${KEY}11111111-1111-4111-8111-111111111111`,
    two: `${KEY}22222222-2222-4222-8222-222222222222`,
    unknown: `${KEY}99999999-9999-4999-8999-999999999999`,
    disabled: `${KEY}dddddddd-dddd-4ddd-8ddd-dddddddddddd`,
  }
  const sandbox = await startSandbox({
    host: '127.0.0.1',
    port: 0,
    dataDir,
    region: 'us-east-1',
    accounts: [keys],
    kmsKeys: [
      { arn: kms.one, state: 'enabled' },
      { arn: kms.two, state: 'enabled' },
      { arn: kms.disabled ?? '', state: 'disabled' },
    ],
  })
  return {
    address: { host: '127.0.0.1', port: sandbox.port },
    keys,
    region: 'us-east-1',
    kms,
    close: async () => {
      await sandbox.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}
