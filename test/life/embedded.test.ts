import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { yamlFor } from '../support/program-scene.ts'
import { KEY, OTHER_KEY } from '../support/rig.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { ask } from './load.ts'

t.test('all workers share one embedded S3, which learns the keys of a new policy', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sealgate-embedded-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const yaml = (keyId: string) =>
    yamlFor({
      endpoint: "'sandbox:'",
      credentials: '{ source: static, accessKeyId: unused0000, secretAccessKey: unused00 }',
      keyId,
      more: 'workers: 2',
    }).replace(/\n {2}credentials: .*/, '')
  const sealgate = await SealgateProcess.start(folder, yaml(KEY))
  t.teardown(() => sealgate.close())

  // Connections go to the workers in turn: what one has stored the other reads.
  for (let i = 0; i < 4; i++) {
    const path = `/demo/shared-${i}`
    t.equal((await ask(sealgate.port, 'PUT', path, Buffer.from(path))).status, 200)
    t.match(await ask(sealgate.port, 'GET', path), { status: 200, text: path })
  }

  await sealgate.configure(yaml(OTHER_KEY))
  sealgate.signal('SIGHUP')
  await sealgate.logged('reloaded')
  const put = await ask(sealgate.port, 'PUT', '/demo/new', Buffer.from('new'))
  t.equal(put.status, 200, put.text)
  t.equal(put.headers['x-amz-server-side-encryption-aws-kms-key-id'], OTHER_KEY)
  sealgate.signal('SIGTERM')
  t.equal((await sealgate.end).code, 0)
})
