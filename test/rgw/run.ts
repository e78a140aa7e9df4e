import { CONTRACT } from '../contract/contract.ts'
import { Report } from '../contract/report.ts'
import { runCases } from '../contract/run-cases.ts'
import { S3Client } from '../contract/s3-client.ts'
import { RGW_ADDRESS, RGW_KEYS, RGW_KMS, RGW_REGION, startRgw } from './rgw.ts'

const report = new Report((line) => process.stdout.write(`${line}\n`), process.argv.includes('-v'))
await startRgw()
const client = new S3Client(RGW_ADDRESS, RGW_KEYS, RGW_REGION)
const only = process.argv[2]
await runCases(
  { kind: 'rgw', client, upstream: client, kms: RGW_KMS },
  CONTRACT.filter((one) => !only || one.id.startsWith(only)),
  (result) => report.add(result),
)
process.stdout.write(`${report.summary()}\n`)
client.close()
