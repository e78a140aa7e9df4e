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

const IGNORED = [
  ['noCopyIfMatch', { copy: false, copyInParts: true }, /^CopyObject with If-Match: .*ignores/],
  [
    'noCopySourceIf',
    { copy: false, copyInParts: false },
    /^UploadPartCopy with x-amz-copy-source-if-unmodified-since: .*ignores/,
  ],
  [
    'noCompleteIfMatch',
    { copy: true, copyInParts: false },
    /^CompleteMultipartUpload with If-Match: .*ignores/,
  ],
  ['noUpdateVersion', { update: false, copy: true }, /ignores which version is named/],
] as const

t.test('a server that ignores a condition is told so, and its method is not used', async (t) => {
  for (const versioning of ['enabled', 'suspended', 'never'] as const) {
    for (const [quirk, abilities, answer] of IGNORED) {
      const scene = await startBucket(t, versioning, { quirks: { [quirk]: true } })
      const probed = await probeServer(scene.link, scene.bucket, TARGET, 'sweep')
      // Where nothing has versions no request names one.
      if (quirk === 'noUpdateVersion' && versioning === 'never') continue
      t.match(probed, { ok: true, value: { abilities } }, `${versioning} ${quirk}`)
      t.match(probed.ok && probed.value.answers, [answer], `${versioning} ${quirk}`)
      t.strictSame(scene.s3.versions('bucket'), [], 'nothing is left')
      t.equal(await scene.uploads(), 0)
    }
    const scene = await startBucket(t, versioning)
    const probed = await probeServer(scene.link, scene.bucket, TARGET, 'sweep')
    const abilities = { update: true, copy: true, copyFromKms: true, copyInParts: true }
    t.strictSame(probed, { ok: true, value: { abilities, hasAnnotations: undefined, answers: [] } })
  }
})

t.test('what a killed process has left in parts is aborted', async (t) => {
  const scene = await startBucket(t, 'enabled')
  const query = [{ name: 'uploads', value: '' }]
  let key = ''
  const port = await startForwarder(t, scene.s3.port, async ({ url = '' }, body) => {
    const [, probe] = /^\/bucket\/(\.sealgate-probe\/[^?]*)/.exec(url) ?? []
    key = probe ?? key
    return body
  })
  const link = openLink(port)
  t.teardown(() => link.close())
  const probe = () => probeServer(link, scene.bucket, TARGET, 'sweep')
  t.ok((await probe()).ok)
  await scene.ask({ method: 'POST', key, query })
  await scene.ask({ method: 'POST', key: `${key}-other`, query })
  t.equal(await scene.uploads(), 2)
  t.ok((await probe()).ok)
  t.equal(await scene.uploads(), 1, 'only its own')
})

t.test('a server without a condition on copies has no method for them', async (t) => {
  const scene = await startScene(t, {
    quirks: { noUpdateEncryption: true, noCopyIfMatch: true, noCompleteIfMatch: true },
  })
  await scene.put('a')
  const { code, stdout, report } = await sweep(scene, scene.s3.port)
  t.equal(code, 3, stdout)
  t.match(report, / cannot .*no-method/)
  t.equal(scene.s3.inspect('bucket', 'a')?.encryption, 'AES256')
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
