import t from 'tap'
import { S3Client } from '../support/s3-client.ts'
import { CONTRACT } from './contract.ts'
import { runCases } from './run-cases.ts'
import { startSandboxTarget } from './sandbox-target.ts'

t.test('the embedded S3 keeps the contract', async (t) => {
  const sandbox = await startSandboxTarget()
  t.teardown(() => sandbox.close())
  const client = new S3Client(sandbox.address, sandbox.keys, sandbox.region)
  t.teardown(() => client.close())
  const target = { kind: 'sandbox', client, upstream: client, kms: sandbox.kms } as const
  await runCases(target, CONTRACT, (result) => {
    if (result.kind === 'skipped') t.pass(result.name, { skip: result.detail })
    else t.equal(result.detail, '', result.name)
  })
})
