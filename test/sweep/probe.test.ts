import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { probeServer } from '../../src/sweep/probe-server.ts'
import { startForwarder } from './forwarder.ts'
import { startScene as startBucket, TARGET } from './reseal-scene.ts'
import { openLink } from './s3-link.ts'
import { run, startScene } from './sweep-scene.ts'

const DENIED = Buffer.from('<Error><Code>AccessDenied</Code><Message>no</Message></Error>')
const LOSSES = 'unversioned-overwrite,last-modified,etag,acl-window'

t.test('nothing is written where its versions could not be found again', async (t) => {
  for (const versioning of ['enabled', 'suspended', 'never'] as const) {
    const { s3, bucket } = await startBucket(t, versioning)
    const port = await startForwarder(t, s3.port, async ({ url = '' }, body) =>
      /[?&]versions/.test(url) ? DENIED : body,
    )
    const link = openLink(port)
    t.teardown(() => link.close())
    const probed = await probeServer(link, bucket, TARGET, 'sweep')
    t.match(
      probed,
      versioning === 'never' ? { ok: true } : { ok: false, error: /\(s3:ListBucketVersions\)/ },
    )
    t.strictSame(s3.versions('bucket'), [], versioning)
  }
})

t.test('an object that was written and cannot be seen is deleted', async (t) => {
  for (const versioning of ['enabled', 'never'] as const) {
    const { s3, bucket } = await startBucket(t, versioning)
    const port = await startForwarder(t, s3.port, async ({ method }, body) =>
      method === 'HEAD' ? undefined : body,
    )
    const link = openLink(port)
    t.teardown(() => link.close())
    const probed = await probeServer(link, bucket, TARGET, 'sweep')
    t.match(probed, { ok: false, error: 'was written and not found' })
    t.strictSame(s3.versions('bucket'), [], versioning)
  }
})

t.test('a server that answers ?annotation with the object has no annotations', async (t) => {
  const scene = await startScene(t, { quirks: { noUpdateEncryption: true } })
  await scene.put('a', [], 'a')
  const port = await startForwarder(t, scene.s3.port, async ({ url = '' }, body) => {
    if (!url.includes('?annotation')) return body
    return Buffer.from(url.includes('/a?') ? 'a' : 'sealgate sweep probe\n')
  })
  const { code, stdout } = await sweep(scene, port)
  t.equal(code, 0, stdout)
})

t.test('a copy of what another account owns is not made', async (t) => {
  const scene = await startScene(t, { quirks: { noUpdateEncryption: true } })
  await scene.put('a')
  const port = await startForwarder(t, scene.s3.port, async ({ url = '' }, body) => {
    if (!/^\/bucket\/a\?acl/.test(url)) return body
    const text = body.toString()
    return Buffer.from(text.replace(/(<Owner><ID>)[^<]*/, `$1${'ab'.repeat(32)}`))
  })
  const { code, report } = await sweep(scene, port)
  t.equal(code, 3)
  t.match(report, / cannot .*foreign-owner/)
})

/** Plans with questions, runs and reports, through a forwarder. */
async function sweep(
  { config, directory, s3 }: Awaited<ReturnType<typeof startScene>>,
  port: number,
) {
  const text = readFileSync(config, 'utf8')
  writeFileSync(config, text.replace(s3.url, `http://127.0.0.1:${port}`))
  const state = join(directory, 'state')
  const args = ['--config', config, '--bucket', 'bucket', '--state', state]
  const planned = await run(['sweep', 'plan', ...args, '--probe'])
  const ran = await run(['sweep', 'run', '--state', state, '--accept', LOSSES])
  const { stdout: report } = await run(['sweep', 'report', '--state', state])
  return { code: ran.code, stdout: planned.stderr + ran.stdout + ran.stderr + report, report }
}
