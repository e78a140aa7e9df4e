import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readAnchorBucket } from '../../src/cli/read-anchor-bucket.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { openUpstream } from '../../src/upstream/open-upstream.ts'
import { load } from '../support/load-config.ts'
import { ORIGIN, StreamFile, sealingKey, verifierKeyOf } from '../support/make-trail.ts'
import { Program } from '../support/program.ts'
import { openScene, yamlFor } from '../support/program-scene.ts'
import { REGION, UPSTREAM } from '../support/rig.ts'
import { S3Client } from '../support/s3-client.ts'
import { seal, smallTrail } from '../support/sealed-trail.ts'
import { run } from './fake-terminal.ts'

const CHECKPOINT = `held/${ORIGIN}/00000000000000000012`
const VERSIONING =
  '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'

/** A sealed trail whose checkpoint is in a bucket with versions, and the command that verifies it. */
async function anchoredTrail(t: Test) {
  const scene = await openScene()
  t.teardown(() => scene.close())
  const { port } = scene.sandbox
  const client = new S3Client({ host: '127.0.0.1', port }, UPSTREAM, REGION)
  t.teardown(() => client.close())
  const send = async (method: string, target: string, body: Buffer | string): Promise<void> => {
    const { status } = await client.send({ method, target, body })
    t.ok(status < 300, `${method} ${target}: ${status}`)
  }
  await send('PUT', '/bucket?versioning', VERSIONING)
  const trail = join(scene.folder, 'trail')
  smallTrail(trail)
  const put = () =>
    send('PUT', `/bucket/${CHECKPOINT}`, readFileSync(join(trail, 'tree/checkpoint')))
  await put()
  const config = join(scene.folder, 'gateway.yaml')
  writeFileSync(config, yamlFor({ upstreamPort: port }))
  const verifyWith = (anchor: string, ...more: readonly string[]) =>
    run(['audit', 'verify', trail, '--vkey', verifierKeyOf(), '--anchor', anchor, ...more])
  return { scene, trail, config, send, put, verifyWith }
}

t.test('checkpoints are read from a bucket with the upstream of a configuration', async (t) => {
  const { config, verifyWith } = await anchoredTrail(t)
  for (const anchor of ['s3://bucket/held/', 's3://bucket', `s3://bucket/held/${ORIGIN}/`]) {
    const { code, stdout, stderr } = await verifyWith(anchor, '--config', config)
    t.equal(code, 0, `${anchor}: ${stdout}${stderr}`)
    t.match(stdout, /anchored up to 12/)
  }
  const nothing = await verifyWith('s3://bucket/elsewhere/', '--config', config)
  t.match(nothing.stdout, /not anchored/)
  const gone = await verifyWith('s3://nowhere/held/', '--config', config)
  t.equal(gone.code, 2)
  t.match(gone.stderr, /the versions of s3:\/\/nowhere\/held\/: S3 answers 404 NoSuchBucket/)
})

t.test(
  'a trail that the holder of the key wrote anew fails, even if its checkpoint was put over the former one or that was deleted',
  async (t) => {
    const { trail, config, send, put, verifyWith } = await anchoredTrail(t)
    rmSync(trail, { recursive: true })
    const other = new StreamFile(trail, 'one')
    other.request(10)
    other.close()
    seal(trail)
    const check = async (what: string): Promise<void> => {
      const { code, stdout } = await verifyWith('s3://bucket/held/', '--config', config)
      t.equal(code, 1, what)
      t.match(
        stdout,
        /00000000000000000012\?versionId=\S+: the lines do not lead to the root that somebody else holds at size 12/,
      )
    }
    await check('written anew')
    await put()
    await check('and put over it')
    await send('DELETE', `/bucket/${CHECKPOINT}`, '')
    await check('and deleted')
  },
)

t.test('all pages of a listing are read', async (t) => {
  const { scene, config, put, send } = await anchoredTrail(t)
  for (let i = 0; i < 4; i++) await put()
  await send('PUT', '/bucket/held/a%20b%26%C3%A9/00000000000000000001', 'x')
  await send('PUT', '/bucket/held/no-checkpoint', 'x')
  const loaded = await load(readFileSync(config, 'utf8'))
  if (!loaded.ok) throw new Error(loaded.error.join())
  const log = openLog({ level: 'error', stream: { write: () => undefined } })
  const upstream = await openUpstream({
    config: loaded.value,
    embedded: undefined,
    ca: undefined,
    log,
  })
  if (!upstream.ok) throw new Error(upstream.error.message)
  t.teardown(() => upstream.value.close())
  const { signal } = new AbortController()
  const link = { upstream: upstream.value, signal, isPayer: false }
  const notes = await readAnchorBucket(link, { bucket: 'bucket', prefix: 'held/' }, 2)
  t.match(notes, { ok: true, value: { length: 6 } })
  t.match(notes, { value: { 0: { source: /^s3:\/\/bucket\/held\/a b&é\/0{19}1\?versionId=/ } } })
  t.ok(scene.sandbox.list('bucket').includes('held/no-checkpoint'))
})

t.test('without a configuration, AWS variables name the region and the endpoint', async (t) => {
  const { scene, trail, verifyWith } = await anchoredTrail(t)
  const without = await verifyWith('s3://bucket/held/')
  t.equal(without.code, 2)
  t.match(without.stderr, /AWS_REGION is not set: set it, or give --config FILE/)
  t.match((await verifyWith('s3:///held')).stderr, /s3:\/\/\/held is not s3:\/\/BUCKET\/PREFIX/)
  const args = ['audit', 'verify', trail, '--vkey', verifierKeyOf(), '--anchor', 's3://bucket/held']
  const env = {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${scene.sandbox.port}`,
    AWS_ACCESS_KEY_ID: UPSTREAM.accessKeyId,
    AWS_SECRET_ACCESS_KEY: UPSTREAM.secretAccessKey,
  }
  const { code, stdout, stderr } = await Program.sealgate(args, { env, isAlone: true }).end
  t.equal(code, 0, stdout + stderr)
  t.match(stdout, /anchored up to 12/)
})

t.test('seal puts each checkpoint into a bucket, and verify reads it there', async (t) => {
  const { scene, trail, config, verifyWith } = await anchoredTrail(t)
  const key = join(scene.folder, 'key.pem')
  writeFileSync(key, sealingKey().export({ type: 'pkcs8', format: 'pem' }))
  const late = new StreamFile(trail, 'late', undefined, 60)
  late.close()
  const seal = ['audit', 'seal', '--dir', trail, '--key', key, '--config', config, '--anchor']
  const sealed = await run([...seal, 's3://bucket/held/'])
  t.equal(sealed.code, 0, sealed.stderr)
  t.ok(scene.sandbox.list('bucket').includes(`held/${ORIGIN}/00000000000000000014`))
  t.match((await verifyWith('s3://bucket/held/', '--config', config)).stdout, /anchored up to 14/)

  new StreamFile(trail, 'later', undefined, 120).close()
  const failed = await run([...seal, 's3://nowhere/held/'])
  t.equal(failed.code, 1, 'sealed, and not anchored')
  t.match(failed.stderr, /S3 answers 404 to PutObject of s3:\/\/nowhere\/held\//)

  const folder = join(scene.folder, 'held')
  new StreamFile(trail, 'last', undefined, 180).close()
  t.equal((await run([...seal, folder])).code, 0)
  t.match((await verifyWith(folder)).stdout, /anchored up to 18/)
  const wrong = await run([...seal, folder, '--retain', '1y'])
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /write days or hours: 90d, 24h/)
})
