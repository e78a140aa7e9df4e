/**
 * Run by hand: `node build/test/life/tls-pairs.js [PAIRS]`. Pairs of a download and an upload on kept
 * connections over TLS, singly and eight at once, for every kind of answer. Ends with 1 where one was
 * cut. node:http cut 2 to 15 % of them.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate, writePair } from '../support/certificates.ts'
import { yamlFor } from '../support/program-scene.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { type Download, type Moment, runPairs, startPlainS3 } from './kept-pairs.ts'

const DOWNLOADS: readonly Download[] = [
  { kind: 'length', bytes: 60_000 },
  { kind: 'length', bytes: 300_000 },
  { kind: 'length', bytes: 1024 * 1024 },
  { kind: 'chunked', bytes: 300_000 },
  { kind: 'missing' },
]

const [pairs = 1000] = process.argv.slice(2).map(Number)
const folder = await mkdtemp(join(tmpdir(), 'sealgate-tls-'))
const { certFile, keyFile } = writePair(folder, 'server', makeCertificate())
const s3 = await startPlainS3()
const sealgate = await SealgateProcess.start(
  folder,
  yamlFor({
    upstreamPort: s3.port,
    listen: `  - { address: '127.0.0.1:0', tls: { certFile: '${certFile}', keyFile: '${keyFile}' } }`,
    clients: `  - { name: sidecar, anonymous: true, buckets: ['*'] }`,
  }),
)
const runs: unknown[] = []
const run = async (download: Download, moment: Moment, connections: number, count = pairs) => {
  const { whole, cut } = await runPairs(sealgate.port, download, {
    pairs: count,
    connections,
    moment,
  })
  runs.push({ download, moment, connections, whole, cut })
  if (cut.length > 0) process.exitCode = 1
}
for (const download of DOWNLOADS) {
  await run(download, 'behind', 1)
  await run(download, 'behind', 8)
  await run(download, 'together', 8)
}
// More than the system's buffers hold: the upload comes while its answer waits for the client.
await run({ kind: 'length', bytes: 16 * 1024 * 1024 }, 'during', 4, Math.ceil(pairs / 20))
await run({ kind: 'chunked', bytes: 16 * 1024 * 1024 }, 'during', 4, Math.ceil(pairs / 20))
sealgate.signal('SIGTERM')
const { stdout } = await sealgate.end
s3.close()
await rm(folder, { recursive: true, force: true })
const clientGone = stdout.split('\n').filter((line) => line.includes('client-gone')).length
if (clientGone > 0) process.exitCode = 1
const report = { node: process.version, runs, clientGone }
process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
