import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { makeCertificate, writePair } from '../support/certificates.ts'
import { startLife } from '../support/program-scene.ts'
import { requestLines } from '../support/request-lines.ts'
import { type Download, type Moment, runPairs, startPlainS3 } from './kept-pairs.ts'

/* node:http and TLS: see Connection. `tls-pairs.ts` does the same by the thousand. */

const DOWNLOADS: readonly Download[] = [
  { kind: 'length', bytes: 1_000 },
  { kind: 'length', bytes: 60_000 },
  { kind: 'length', bytes: 300_000 },
  { kind: 'chunked', bytes: 300_000 },
  { kind: 'missing' },
]

t.test('over TLS an upload right behind a download on a kept connection is stored', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sealgate-tls-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const { certFile, keyFile } = writePair(folder, 'server', makeCertificate())
  const s3 = await startPlainS3()
  t.teardown(() => s3.close())
  const rig = await startLife(t, {
    upstreamPort: s3.port,
    listen: `  - { address: '127.0.0.1:0', tls: { certFile: '${certFile}', keyFile: '${keyFile}' } }`,
    clients: `  - { name: sidecar, anonymous: true, buckets: ['*'] }`,
  })
  let pairs = 0
  const run = async (download: Download, moment: Moment, count: number): Promise<void> => {
    const options = { pairs: count, connections: 4, moment }
    const { whole, cut } = await runPairs(rig.sealgate.port, download, options)
    t.strictSame(cut, [], `${JSON.stringify(download)}, ${moment}`)
    t.equal(whole, count)
    pairs += count
  }
  for (const download of DOWNLOADS) {
    await run(download, 'behind', 24)
    await run(download, 'together', 8)
  }
  // More than the system's buffers hold.
  await run({ kind: 'length', bytes: 16 * 1024 * 1024 }, 'during', 4)
  await run({ kind: 'chunked', bytes: 16 * 1024 * 1024 }, 'during', 4)
  for (const framing of ['Connection: close\r\nContent-Length: 4194304', 'X-A: none']) {
    t.match(await refusedWhileSending(rig.sealgate.port, framing), /^HTTP\/1\.1 400 .*<\/Error>$/s)
    pairs += 0.5
  }
  rig.sealgate.signal('SIGTERM')
  const { stdout } = await rig.sealgate.end
  t.equal(requestLines(stdout).length, pairs * 2)
  t.notMatch(stdout, 'client-gone')
})

/** What a client reads that reads only when it has sent all, of an answer that ends its connection. */
function refusedWhileSending(port: number, framing: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    let text = ''
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    socket.once('secureConnect', () => {
      const head = `PUT /BUCKET/k HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
      })
      socket.pause()
      const sent = Buffer.concat([Buffer.from(head), Buffer.alloc(4_194_304, 'x')])
      socket.write(sent, () => socket.resume())
    })
  })
}
