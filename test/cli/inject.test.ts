import { readFileSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import t from 'tap'
import { makeCertificate, mountCertificate } from '../support/certificates.ts'
import { Program } from '../support/program.ts'
import { run } from './fake-terminal.ts'

t.test('the webhook listens over TLS until SIGTERM', async (t) => {
  const { certFile, keyFile } = mountCertificate(
    t.testdir(),
    makeCertificate({ serialNumber: '01' }),
  )
  const program = Program.sealgate([
    ...['inject', '--cert', certFile, '--key', keyFile],
    ...['--image', 'example.test/sealgate:1', '--address', '127.0.0.1:0', '--drain-delay', '1'],
  ])
  t.teardown(() => program.close())
  const [, port = ''] = await program.waitFor(/"port":(\d+).*"listening"/)
  const status = await new Promise((resolve, reject) => {
    const ca = readFileSync(certFile)
    const options = { host: '127.0.0.1', servername: 'localhost', port, path: '/livez', ca }
    get({ ...options, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    }).on('error', reject)
  })
  t.equal(status, 200)
  t.equal(await program.stop(), 0)
})

t.test('a certificate that is not there exits 2 and names it', async (t) => {
  const missing = join(t.testdir(), 'tls.crt')
  const { code, stderr } = await run([
    ...['inject', '--cert', missing, '--key', missing],
    ...['--image', 'example.test/sealgate:1', '--address', '127.0.0.1:0'],
  ])
  t.equal(code, 2)
  t.match(stderr, missing)
})
