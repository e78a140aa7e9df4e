import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import t from 'tap'
import { makeCertificate, mountCertificate } from '../support/certificates.ts'
import { openScene, startLife, yamlFor } from '../support/program-scene.ts'
import { CLIENT, OTHER_KEY } from '../support/rig.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { ask } from './load.ts'
import { auditedReload, REFUSED, testReloads } from './reload-cases.ts'

const life = await testReloads(t, 1)

t.test('the audit tells of start, reload and stop', (t) => auditedReload(t, 1))

t.test('what takes a restart is refused by name', async (t) => {
  const { sealgate, yaml } = life
  const refusals = sealgate.lines(REFUSED).length
  await sealgate.configure(
    yaml({ listen: "  - address: '127.0.0.1:1'", more: 'workers: 3\naudit: { destination: ./a }' }),
  )
  sealgate.signal('SIGHUP')
  const { problems } = await sealgate.logged(REFUSED, refusals + 1)
  t.equal(problems?.length, 3)
  t.match(problems?.join('\n'), /listen\[0\]\.address: cannot be changed while running: restart/)
  t.match(problems?.join('\n'), /workers: cannot be changed/)
  t.match(problems?.join('\n'), /audit\.destination: cannot be changed/)
})

t.test('a secret is changed over without a restart, and read again', async (t) => {
  const scene = await openScene()
  t.teardown(() => scene.close())
  const secretFile = join(scene.folder, 'secret')
  writeFileSync(secretFile, CLIENT.secretAccessKey)
  const yaml = yamlFor({ upstreamPort: scene.sandbox.port, secret: '{ file: ./secret }' })
  const sealgate = await SealgateProcess.start(scene.folder, yaml)
  t.teardown(() => sealgate.close())
  const next = { ...CLIENT, secretAccessKey: 'the-next-secret-of-the-client' }
  const put = (keys: typeof CLIENT) =>
    ask(sealgate.port, 'PUT', '/bucket/s', Buffer.from('s'), false, keys)
  t.equal((await put(CLIENT)).status, 200)
  t.equal((await put(next)).status, 403)
  writeFileSync(secretFile, next.secretAccessKey)
  sealgate.signal('SIGHUP')
  await sealgate.logged('reloaded')
  t.equal((await put(next)).status, 200)
  t.equal((await put(CLIENT)).status, 403)
})

t.test('reload.watch: a changed file is put to work unasked', async (t) => {
  const { sealgate, yaml } = await startLife(t, { more: 'reload: { watch: true }' })
  await sealgate.configure(yaml({ keyId: OTHER_KEY }))
  const { reason } = await sealgate.logged('reloaded')
  t.equal(reason, 'file')
  const put = await ask(sealgate.port, 'PUT', '/bucket/w', Buffer.from('w'))
  t.equal(put.headers['x-amz-server-side-encryption-aws-kms-key-id'], OTHER_KEY)
})

t.test('certificates are renewed when their files change, as kubelet changes them', async (t) => {
  const scene = await openScene()
  t.teardown(() => scene.close())
  const folder = join(scene.folder, 'tls')
  const files = mountCertificate(folder, makeCertificate({ serialNumber: '0a' }))
  const listen = `  - address: '127.0.0.1:0'\n    tls: { certFile: '${files.certFile}', keyFile: '${files.keyFile}' }`
  const sealgate = await SealgateProcess.start(
    scene.folder,
    yamlFor({ upstreamPort: scene.sandbox.port, listen }),
  )
  t.teardown(() => sealgate.close())
  t.equal(await serialNumber(sealgate.port), '0A')
  mountCertificate(folder, makeCertificate({ serialNumber: '0b' }))
  await sealgate.logged('certificates renewed')
  t.equal(await serialNumber(sealgate.port), '0B')
})

t.test('an audit file that was rotated is opened anew, and no line is lost', async (t) => {
  const { sealgate, folder } = await startLife(t, { more: 'audit: { destination: ./audit.jsonl }' })
  const file = join(folder, 'audit.jsonl')
  await ask(sealgate.port, 'PUT', '/bucket/one', Buffer.from('1'))
  renameSync(file, `${file}.1`)
  sealgate.signal('SIGHUP')
  await sealgate.logged('reloaded')
  await ask(sealgate.port, 'PUT', '/bucket/two', Buffer.from('2'))
  sealgate.signal('SIGTERM')
  t.equal((await sealgate.end).code, 0)
  const [before, after] = [readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8')]
  t.match(after, /"key":"two"/)
  t.match(before + after, /"key":"one"/, 'before or after the rename, but there')
})

function serialNumber(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    // The certificates of this test are self-signed; only their number counts here.
    const socket = tlsConnect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
