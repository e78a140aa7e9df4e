import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Journal } from '../../src/sweep/journal.ts'
import { finishPlan } from '../../src/sweep/open-plan.ts'
import { stateFolder } from '../../src/sweep/state-folder.ts'
import { startForwarder } from './forwarder.ts'
import {
  KEY,
  OTHER_KEY,
  run,
  type SweepScene,
  setVersioning,
  startScene,
  under,
} from './sweep-scene.ts'

const OVERWRITE = [
  '--accept',
  'unversioned-overwrite',
  '--accept',
  'last-modified',
  '--accept',
  'etag',
  '--accept',
  'acl-window',
]

async function plan({ config, directory }: SweepScene, name: string, ...more: readonly string[]) {
  const state = join(directory, name)
  const args = ['--config', config, '--bucket', 'bucket', '--state', state]
  return { state, ...(await run(['sweep', 'plan', ...args, ...more])) }
}

function keysOf({ s3 }: SweepScene): readonly string[] {
  return s3.versions('bucket').map(({ key }) => key)
}

function auditOf(state: string): readonly Record<string, unknown>[] {
  const file = join(state, 'audit.jsonl')
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  const records: readonly Record<string, unknown>[] = lines
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(({ record }) => record === undefined)
  // Versions end in any order.
  return [...records].sort((a, b) => String(a['key']).localeCompare(String(b['key'])))
}

t.test('what a plan says is done, once, and a second plan finds nothing to do', async (t) => {
  const scene = await startScene(t)
  await setVersioning(scene, 'Enabled')
  await scene.put('a', under(OTHER_KEY))
  await scene.put('a', under(OTHER_KEY))
  await scene.put('b')
  await scene.put('c', under(KEY, false))
  await scene.put('logs/1')
  const before = keysOf(scene)
  const { state, code } = await plan(scene, 'one', '--versions', 'all')
  t.equal(code, 3)

  const ran = await run(['sweep', 'run', '--state', state])
  t.equal(ran.code, 0, ran.stderr + ran.stdout)
  t.match(ran.stdout, '4 versions by update')
  t.match(ran.stderr, /rule all: UpdateObjectEncryption, CopyObject/)
  t.strictSame(keysOf(scene), before, 'the probe is gone, and no version is new or lost')

  const lines = auditOf(state)
  t.strictSame(
    lines.map(({ client, operation, key, write }) => [client, operation, key, write]),
    ['a', 'a', 'b', 'c'].map((key) => ['sweep', 'UpdateObjectEncryption', key, 'sealed']),
  )
  t.match(lines[2], {
    rule: 'all',
    requestedEncryption: { algorithm: 'AES256' },
    confirmedEncryption: { algorithm: 'aws:kms', keyId: KEY, bucketKey: true },
    objectSize: 1,
  })

  t.test('status, report and verify tell it', async (t) => {
    const status = await run(['sweep', 'status', '--state', state])
    t.equal(status.code, 0, status.stderr)
    t.match(
      status.stdout,
      '5 versions: 1 needed nothing, 4 are done, 0 were settled by others, 0 are left',
    )
    const text = await run(['sweep', 'report', '--state', state])
    t.equal(text.code, 0)
    t.match(text.stdout, /Encryption before\n +2 .*0000abcd.*\n +2 .*AES256/)
    const csv = await run(['sweep', 'report', '--state', state, '--format', 'csv'])
    t.equal(csv.stdout.split('\r\n').length, 7)
    t.match(csv.stdout, /bucket,b,[^,]+,1,done,update,,all,update,AES256,aws:kms arn/)
    const json = await run(['sweep', 'report', '--state', state, '--format', 'json'])
    t.equal(json.stdout.trim().split('\n').length, 5)
    const ocsf = await run(['sweep', 'report', '--state', state, '--format', 'ocsf'])
    t.strictSame(
      ocsf.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).activity_name),
      Array(4).fill('Encrypt'),
    )
    const html = await run(['sweep', 'report', '--state', state, '--format', 'html'])
    t.match(html.stdout, "default-src 'none'")
    const verified = await run(['sweep', 'verify', '--state', state])
    t.equal(verified.code, 0, verified.stdout + verified.stderr)
    t.match(verified.stdout, '5 versions in the plan = 1 fine + 4 done + 0 failed + 0 left')
    t.match(verified.stdout, '4 as it was left')
  })

  const again = await run(['sweep', 'run', '--state', state])
  t.equal(again.code, 0)
  t.equal(auditOf(state).length, 4, 'nothing is done twice')
  t.equal((await plan(scene, 'two', '--versions', 'all')).code, 0)
})

t.test('a server without update: copies, and only if each loss is accepted', async (t) => {
  const scene = await startScene(t, { quirks: { noUpdateEncryption: true } })
  await scene.put('a', ['x-amz-meta-a', '1', 'content-type', 'text/x'])
  await scene.put('b', under(OTHER_KEY))

  const blind = await plan(scene, 'blind')
  const refused = await run(['sweep', 'run', '--state', blind.state])
  t.equal(refused.code, 1)
  t.match(refused.stderr, 'make a plan with --probe')
  t.strictSame(keysOf(scene), ['a', 'b'])

  const { state, stdout } = await plan(scene, 'asked', '--probe')
  t.match(stdout, /! bucket, rule all: CopyObject, copies in parts \(UpdateObjectEncryption: 501/)
  t.match(
    stdout,
    /copy +2 .* no-update; --accept unversioned-overwrite last-modified etag acl-window/,
  )
  const shy = await run(['sweep', 'run', '--state', state, '--accept', 'etag'])
  t.equal(shy.code, 3)
  t.match(shy.stdout, '0 done in all, 2 left')
  const left = await run(['sweep', 'report', '--state', state])
  t.equal(left.code, 3)
  t.match(
    left.stdout,
    'copy  bucket/a  no-update; needs --accept unversioned-overwrite,last-modified,etag,acl-window',
  )

  const ran = await run(['sweep', 'run', '--state', state, ...OVERWRITE])
  t.equal(ran.code, 0, ran.stderr + ran.stdout)
  t.match(ran.stdout, '2 versions by copy')
  t.strictSame(
    auditOf(state).map(({ operation, key }) => [operation, key]),
    [
      ['CopyObject', 'a'],
      ['CopyObject', 'b'],
    ],
  )
  t.equal((await plan(scene, 'after', '--probe')).code, 0)

  t.test('verify finds what was written around since', async (t) => {
    await scene.put('a')
    const around = await run(['sweep', 'verify', '--state', state])
    t.equal(around.code, 1)
    t.match(around.stdout, 'not under the key: bucket/a')
    await scene.send({ method: 'DELETE', bucket: 'bucket', key: 'a' })
    await scene.put('b', under(KEY), 'new')
    const since = await run(['sweep', 'verify', '--state', state])
    t.equal(since.code, 0)
    t.match(since.stdout, '1 deleted since')
    t.match(since.stdout, '1 written since')
  })
})

t.test('a server without any method is told in one sentence before anything runs', async (t) => {
  const quirks = { noUpdateEncryption: true, noEncryptedCopy: true, silentCopy: true }
  const scene = await startScene(t, { quirks })
  await scene.put('a')
  const { stdout, code } = await plan(scene, 'asked', '--probe')
  t.equal(code, 3)
  t.match(stdout, 'this server has no method to give stored objects the key')
  t.match(stdout, /cannot +1 .* no-method/)
  t.strictSame(keysOf(scene), ['a'])
})

t.test('an update that S3 says is done and is not, is no update', async (t) => {
  const scene = await startScene(t, { quirks: { silentUpdateEncryption: true } })
  await scene.put('a')
  const { stdout } = await plan(scene, 'asked', '--probe')
  t.match(stdout, 'the server says that it is done, and it is not')
  t.match(stdout, /copy +1 /)
})

t.test('a run ends after so many versions, and goes on', async (t) => {
  const scene = await startScene(t)
  for (const key of ['a', 'b', 'c']) await scene.put(key)
  const { state } = await plan(scene, 'state')
  const first = await run([
    'sweep',
    'run',
    '--state',
    state,
    '--stop-after',
    '1',
    '--concurrency',
    '1',
  ])
  t.equal(first.code, 1)
  t.match(first.stdout, '1 done in all, 2 left')
  const second = await run(['sweep', 'run', '--state', state, '--format', 'json'])
  t.equal(second.code, 0)
  t.match(JSON.parse(second.stdout), {
    event: 'run',
    end: 'complete',
    total: 3,
    left: 0,
    failed: 0,
  })
})

t.test('what was written meanwhile is planned anew', async (t) => {
  const scene = await startScene(t)
  for (const key of ['a', 'b', 'c']) await scene.put(key)
  const { state } = await plan(scene, 'state')
  await scene.put('a', under(KEY), 'sealed meanwhile')
  await scene.put('b', [], 'changed meanwhile')
  await scene.send({ method: 'DELETE', bucket: 'bucket', key: 'c' })
  const ran = await run(['sweep', 'run', '--state', state])
  t.equal(ran.code, 0, ran.stdout + ran.stderr)
  t.match(ran.stdout, '1 version by update')
  t.equal((await plan(scene, 'after')).code, 0)
})

t.test('a plan of all versions stays with the version that it names', async (t) => {
  const scene = await startScene(t, { quirks: { noUpdateEncryption: true } })
  await setVersioning(scene, 'Enabled')
  await scene.put('a')
  const { state } = await plan(scene, 'state', '--versions', 'all', '--probe')
  await scene.put('a', under(KEY), 'sealed meanwhile')
  const accepted = 'new-version,last-modified,etag,acl-window'
  const ran = await run(['sweep', 'run', '--state', state, '--accept', accepted])
  t.equal(ran.code, 3, ran.stdout + ran.stderr)
  t.match((await run(['sweep', 'report', '--state', state])).stdout, / cannot .*noncurrent/)
})

t.test('what a copy loses is judged by the bucket as it is when it is copied', async (t) => {
  const scene = await startScene(t, { quirks: { noUpdateEncryption: true } })
  const ownership = { bucket: 'bucket', query: [{ name: 'ownershipControls', value: '' }] } as const
  const rule = '<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>'
  const body = Buffer.from(`<OwnershipControls>${rule}</OwnershipControls>`)
  await scene.send({ ...ownership, method: 'PUT', body })
  await scene.put('a')
  const { state, stdout } = await plan(scene, 'state', '--probe')
  t.match(stdout, /no-update; --accept unversioned-overwrite last-modified etag\n/)
  await scene.send({ ...ownership, method: 'DELETE' })
  const accepted = ['--accept', 'unversioned-overwrite,last-modified,etag']
  const shy = await run(['sweep', 'run', '--state', state, ...accepted])
  t.equal(shy.code, 3, shy.stdout + shy.stderr)
  const { stdout: left } = await run(['sweep', 'report', '--state', state])
  t.match(left, 'copy  bucket/a  bucket-changed; needs --accept acl-window')
  t.equal((await run(['sweep', 'run', '--state', state, ...OVERWRITE])).code, 0)
})

t.test('a configuration that is wrong by now is 2, as for every command', async (t) => {
  const scene = await startScene(t)
  await scene.put('a')
  const { state } = await plan(scene, 'state')
  writeFileSync(scene.config, '{"version": 1}')
  for (const command of ['run', 'verify']) {
    const { code, stderr } = await run(['sweep', command, '--state', state])
    t.equal(code, 2, stderr)
    t.match(stderr, 'upstream')
  }
})

t.test('records that this version does not know are not passed over', async (t) => {
  const scene = await startScene(t)
  await scene.put('a')
  const append = async (file: string, record: { readonly record: string }) => {
    const text = readFileSync(file, 'utf8').split('\n')[0] ?? ''
    const journal = await Journal.open(file, JSON.parse(text), () => new Date())
    journal.append(record)
    await journal.close()
  }
  const commands = async (state: string) => {
    const said: string[] = []
    for (const command of ['status', 'run', 'report', 'verify']) {
      const { code, stderr } = await run(['sweep', command, '--state', state])
      said.push(`${code} ${stderr}`)
    }
    return said
  }
  for (const record of ['planned', 'page', 'other']) {
    const { state } = await plan(scene, record)
    await append(join(state, 'plan.jsonl'), { record })
    await finishPlan(stateFolder(state))
    for (const said of await commands(state)) {
      t.match(said, /^1 sealgate: the plan holds an unknown record/)
    }
  }
  const { state } = await plan(scene, 'run')
  t.equal((await run(['sweep', 'run', '--state', state])).code, 0)
  for (const record of ['done', 'other']) {
    const file = join(state, 'run.jsonl')
    const before = readFileSync(file)
    await append(file, { record })
    for (const said of await commands(state)) {
      t.match(said, /^1 sealgate: the run holds an unknown record/)
    }
    writeFileSync(file, before)
  }
})

t.test('an update reaches a version that is current no more', async (t) => {
  const scene = await startScene(t)
  await setVersioning(scene, 'Enabled')
  const old = await scene.put('a')
  const { state } = await plan(scene, 'state', '--versions', 'all')
  await scene.put('a', [], 'another')
  const ran = await run(['sweep', 'run', '--state', state])
  t.equal(ran.code, 0, ran.stdout + ran.stderr)
  t.match(auditOf(state), [{ key: 'a', versionId: old }])
})

t.test('a bucket that retains is not asked: no update is assumed but of AWS', async (t) => {
  const scene = await startScene(t, { quirks: { noUpdateEncryption: true } })
  const locked = { method: 'PUT', bucket: 'locked' } as const
  await scene.send({ ...locked, fields: ['x-amz-bucket-object-lock-enabled', 'true'] })
  await scene.send({ ...locked, key: 'a', body: Buffer.from('a') })
  const rule =
    '<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>'
  const enabled = '<ObjectLockEnabled>Enabled</ObjectLockEnabled>'
  await scene.send({
    ...locked,
    query: [{ name: 'object-lock', value: '' }],
    body: Buffer.from(`<ObjectLockConfiguration>${enabled}${rule}</ObjectLockConfiguration>`),
  })
  const state = join(scene.directory, 'state')
  const args = ['--config', scene.config, '--bucket', 'locked', '--state', state]
  const { stdout, stderr } = await run(['sweep', 'plan', ...args, '--probe'])
  t.match(stdout, 'retains what is written to it; only CopyObject is assumed', stderr)
  t.match(stdout, /copy +1 .* no-update/)
})

t.test('failures are counted, end the run, and are tried again by the next', async (t) => {
  const scene = await startScene(t)
  for (const key of ['a', 'b', 'c']) await scene.put(key, under(OTHER_KEY))
  const { state } = await plan(scene, 'state')
  scene.s3.setKeyState(OTHER_KEY, 'disabled')
  const failing = ['--max-failures', '2', '--concurrency', '1']
  const first = await run(['sweep', 'run', '--state', state, ...failing])
  t.equal(first.code, 1)
  t.match(first.stdout, '2 failed\nstopped: --max-failures is reached')
  t.match(
    auditOf(state).map(({ write, errorCode }) => [write, errorCode]),
    Array(2).fill(['failed', 'KMS.DisabledException']),
  )
  const status = await run(['sweep', 'status', '--state', state])
  t.strictSame([status.code, /of these 2 failed/.test(status.stdout)], [1, true])
  const report = await run(['sweep', 'report', '--state', state])
  t.match(report.stdout, 'FAILED  bucket/a  KMS.DisabledException')
  scene.s3.setKeyState(OTHER_KEY, 'enabled')
  const second = await run(['sweep', 'run', '--state', state])
  t.equal(second.code, 0, second.stdout + second.stderr)

  t.test('a key that is disabled is found before anything runs', async (t) => {
    scene.s3.setKeyState(KEY, 'disabled')
    await scene.put('d')
    const { state } = await plan(scene, 'disabled')
    const third = await run(['sweep', 'run', '--state', state])
    t.equal(third.code, 1)
    t.match(third.stderr, /KMS.DisabledException|disabled/)
    t.strictSame(auditOf(state), [])
  })
})

t.test('a version whose properties differ fails in the next run too', async (t) => {
  const scene = await startScene(t)
  await scene.put('a')
  const tagging =
    '<Tagging><TagSet><Tag><Key>their</Key><Value>own</Value></Tag></TagSet></Tagging>'
  const tags = { bucket: 'bucket', key: 'a', query: [{ name: 'tagging', value: '' }] }
  const port = await startForwarder(t, scene.s3.port, async ({ method, url }, body) => {
    const isUpdate = method === 'PUT' && /\/a\?encryption/.test(url ?? '')
    if (isUpdate) await scene.send({ ...tags, method: 'PUT', body: Buffer.from(tagging) })
    return body
  })
  const text = readFileSync(scene.config, 'utf8')
  writeFileSync(scene.config, text.replace(scene.s3.url, `http://127.0.0.1:${port}`))
  const { state } = await plan(scene, 'state')
  for (const round of ['first', 'second', 'third']) {
    const ran = await run(['sweep', 'run', '--state', state])
    t.equal(ran.code, 1, round)
    t.match(ran.stdout, '1 failed', round)
    const report = await run(['sweep', 'report', '--state', state])
    t.match(report.stdout, 'FAILED  bucket/a  properties-differ', round)
  }
  await scene.send({ ...tags, method: 'DELETE' })
  const mended = await run(['sweep', 'run', '--state', state])
  t.equal(mended.code, 0, mended.stdout + mended.stderr)
})

t.test('versions that always fail do not keep a run from the others', async (t) => {
  const scene = await startScene(t)
  for (const key of ['a', 'b']) await scene.put(key, under(OTHER_KEY))
  for (const key of ['c', 'd']) await scene.put(key)
  const { state } = await plan(scene, 'state')
  scene.s3.setKeyState(OTHER_KEY, 'disabled')
  const failing = ['--max-failures', '2', '--concurrency', '1']
  const first = await run(['sweep', 'run', '--state', state, ...failing])
  t.match(first.stdout, /^2 failed\n.*\n.*\n0 done in all, 4 left/)
  const second = await run(['sweep', 'run', '--state', state, ...failing])
  t.equal(second.code, 1)
  t.match(second.stdout, /^2 versions by update .*\n2 failed\n/)
  t.match(second.stdout, '2 done in all, 2 left')
})

t.test('a run needs a finished plan, of this policy, as it was written', async (t) => {
  const scene = await startScene(t)
  await scene.put('a')
  const none = await run(['sweep', 'run', '--state', join(scene.directory, 'none')])
  t.equal(none.code, 1)
  const { state } = await plan(scene, 'state')
  const text = readFileSync(scene.config, 'utf8')
  writeFileSync(scene.config, text.replace('"bucketKey":true', '"bucketKey":false'))
  const other = await run(['sweep', 'run', '--state', state])
  t.equal(other.code, 1)
  t.match(other.stderr, 'the policy has changed since the plan')
  writeFileSync(scene.config, text.replace('"policy":{', '"policy":{"mode":"observe",'))
  t.match((await run(['sweep', 'run', '--state', state])).stderr, 'mode is observe')
  writeFileSync(scene.config, text)
  const file = join(state, 'plan.jsonl')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"key":"a"', '"key":"b"'))
  t.match((await run(['sweep', 'run', '--state', state])).stderr, 'the plan was changed')
  t.strictSame(keysOf(scene), ['a'])
})
