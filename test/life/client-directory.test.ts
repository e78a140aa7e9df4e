import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openScene, yamlFor } from '../support/program-scene.ts'
import { becomes } from '../support/raw-socket.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { send } from '../support/signed-request.ts'

const REFUSED = 'files of clients are refused; each keeps the client that it had, if any'

const keysOf = (name: string) => ({
  accessKeyId: `SG${name.toUpperCase()}0000000001`,
  secretAccessKey: `secret-of-${name}-secret`,
})

function fileOf(name: string, buckets = 'bucket'): string {
  const { accessKeyId, secretAccessKey } = keysOf(name)
  return `name: ${name}\naccessKeyId: ${accessKeyId}\nsecretAccessKey: ${secretAccessKey}\nbuckets: [${buckets}]\n`
}

for (const workers of [1, 2]) {
  t.test(`workers: ${workers}: clients come, change and go with their files`, async (t) => {
    const scene = await openScene()
    t.teardown(() => scene.close())
    const folder = join(scene.folder, 'clients')
    await mkdir(folder)
    const put = (name: string, text: string) => writeFile(join(folder, `${name}.yaml`), text)
    await put('one', fileOf('one'))
    await put('two', fileOf('two'))
    const more = `workers: ${workers}\nreload: { watch: true }`
    const yaml = yamlFor({ upstreamPort: scene.sandbox.port, more }).replace(
      /clients:\n(?: .*\n)+/,
      'clients: { directory: clients }\n',
    )
    const sealgate = await SealgateProcess.start(scene.folder, yaml)
    t.teardown(() => sealgate.close())
    const statusOf = async (name: string) => {
      const answer = await send(sealgate.port, {
        path: '/bucket?list-type=2',
        credentials: keysOf(name),
      })
      return answer.status
    }
    const is = (name: string, status: number) =>
      becomes(async () => (await statusOf(name)) === status)
    t.strictSame([await statusOf('one'), await statusOf('two')], [200, 200])

    await put('three', fileOf('three'))
    await rm(join(folder, 'two.yaml'))
    t.ok(await is('three', 200), 'the folder is watched')
    t.ok(await is('two', 403), 'a client that is gone is refused')

    await put('one', 'name: [')
    await put('three', fileOf('three', 'elsewhere'))
    t.ok(await is('three', 403), 'a broken file holds no other up')
    t.equal(await statusOf('one'), 200, 'and keeps its client')
    const { problems } = await sealgate.logged(REFUSED, 1)
    t.match(problems, [/one\.yaml:1:\d+: not valid YAML/])
    t.equal(await sealgate.metric('sealgate_config_last_reload_successful'), 0)

    await put('one', fileOf('one', 'elsewhere'))
    t.ok(await is('one', 403))
    t.equal(await sealgate.metric('sealgate_config_last_reload_successful'), 1)
  })
}
