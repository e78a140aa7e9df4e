import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLIENTS } from '../clients/clients.ts'
import { runDirectly, type Upstream } from '../clients/run-client.ts'

import { CONTRACT } from '../contract/contract.ts'
import { Report } from '../contract/report.ts'
import { runCases } from '../contract/run-cases.ts'
import { S3Client } from '../contract/s3-client.ts'
import { RGW_ADDRESS, RGW_KEYS, RGW_KMS, RGW_REGION, startRgw } from './rgw.ts'

const report = new Report((line) => process.stdout.write(`${line}\n`), process.argv.includes('-v'))
await startRgw()
const client = new S3Client(RGW_ADDRESS, RGW_KEYS, RGW_REGION)
const [, , what, only] = process.argv
const upstream: Upstream = {
  name: 'rgw',
  access: { address: RGW_ADDRESS, keys: RGW_KEYS, region: RGW_REGION, kms: RGW_KMS },
  client,
}
if (what === 'contract')
  await runCases(
    { kind: 'rgw', client, upstream: client, kms: RGW_KMS },
    CONTRACT.filter((one) => !only || one.id.startsWith(only)),
    (result) => report.add(result),
  )
if (what === 'clients') {
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-clients-'))
  for (const one of CLIENTS.filter((one) => !only || one.name === only)) {
    const start = Date.now()
    await runDirectly(one, upstream, join(folder, one.name), report)
    process.stdout.write(`${one.name} ${Date.now() - start} ms\n`)
  }
}
process.stdout.write(`${report.summary()}\n`)
client.close()
