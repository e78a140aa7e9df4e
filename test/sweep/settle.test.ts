import t from 'tap'
import type { Method } from '../../src/sweep/object-version.ts'
import { type ResealTask, settle } from '../../src/sweep/reseal.ts'
import type { Snapshot } from '../../src/sweep/snapshot.ts'
import { parseSnapshot, snapshotRecord } from '../../src/sweep/snapshot-record.ts'
import { KEY, PROPERTIES, type Scene, startScene, TARGET } from './reseal-scene.ts'

const METHODS = ['update', 'copy', 'multipart-copy'] as const

for (const versioning of ['enabled', 'suspended', 'never'] as const) {
  for (const method of METHODS) {
    t.test(`versioning ${versioning}: the end of a ${method} is found out`, async (t) => {
      const scene = await startScene(t, versioning)
      await scene.put('key', PROPERTIES)
      const begun = await begin(scene, method)
      t.strictSame(await settleBegun(scene, begun), { kind: 'not-begun' })
      t.equal(scene.s3.inspect('bucket', 'key')?.encryption, 'AES256')
      t.match(await scene.reseal('key', method), { kind: 'done' })
      const settled = await settleBegun(scene, begun)
      t.match(settled, { kind: 'done', method, after: { encryption: { keyId: KEY } } })
      await scene.put('key', TARGET.headers, 'a newer one')
      // An update is of a version, and that stays whatever comes on top.
      const expected = versioning === 'enabled' && method === 'update' ? 'done' : 'changed'
      t.equal((await settleBegun(scene, begun)).kind, expected)
      await scene.ask({ method: 'DELETE', key: 'key' })
      t.equal((await settleBegun(scene, begun)).kind, expected)
    })
  }
}

t.test('an upload that was begun is aborted', async (t) => {
  const scene = await startScene(t, 'never')
  await scene.put('key', PROPERTIES)
  const query = [{ name: 'uploads', value: '' }]
  const { body } = await scene.ask({ method: 'POST', key: 'key', query })
  const [, uploadId = ''] = /<UploadId>([^<]*)/.exec(body.toString()) ?? []
  const begun = await begin(scene, 'multipart-copy')
  t.strictSame(await settleBegun(scene, begun, uploadId), { kind: 'not-begun' })
  t.equal(await scene.uploads(), 0)
  t.strictSame(await settleBegun(scene, begun, uploadId), { kind: 'not-begun' })
})

t.test('annotations that a copy in parts still lacks are written', async (t) => {
  const scene = await startScene(t, 'enabled')
  await scene.put('key', PROPERTIES)
  for (const name of ['one', 'two']) await annotation(scene, 'PUT', name)
  const begun = await begin(scene, 'multipart-copy')
  t.match(await scene.reseal('key', 'multipart-copy'), { kind: 'done' })
  await annotation(scene, 'DELETE', 'two')
  t.match(await settleBegun(scene, begun), { kind: 'done' })
  const list = await scene.ask({
    method: 'GET',
    key: 'key',
    query: [{ name: 'annotation', value: '' }],
  })
  t.match(list.body.toString(), /one.*two/)
})

t.test('a copy in parts of an annotated object is not made where it would overwrite', async (t) => {
  const scene = await startScene(t, 'never')
  await scene.put('key', [])
  await annotation(scene, 'PUT', 'one')
  const outcome = await scene.reseal('key', 'multipart-copy')
  t.match(outcome, { kind: 'left', class: 'cannot', reason: 'annotations-in-parts' })
  t.match(await scene.reseal('key', 'copy'), { kind: 'done' })
})

t.test('a copy that lost a property is told from a write of others', async (t) => {
  const scene = await startScene(t, 'enabled')
  await scene.put('key', PROPERTIES, 'data')
  const begun = await begin(scene, 'copy')
  await scene.put('key', TARGET.headers, 'data')
  const outcome = await settleBegun(scene, begun)
  t.match(outcome, { kind: 'failed', stage: 'after', code: 'properties-differ' })
  t.ok(outcome.kind === 'failed' && outcome.differences.includes('tag team: a+b → none'))
  // It may be somebody else's: no command that deletes it.
  t.strictSame(outcome.kind === 'failed' && outcome.recovery, [])
})

t.test('a write of the same length with another checksum is of others', async (t) => {
  const scene = await startScene(t, 'enabled')
  await scene.put('key', PROPERTIES, 'data')
  const begun = await begin(scene, 'copy')
  await scene.put('key', TARGET.headers, 'atad')
  t.strictSame(await settleBegun(scene, begun), { kind: 'changed' })
})

t.test('a journal keeps a snapshot, and nothing else is taken for one', async (t) => {
  const scene = await startScene(t, 'enabled')
  await scene.put('key', PROPERTIES)
  const { snapshot } = await begin(scene, 'copy')
  const { version } = snapshot.state
  const record: unknown = JSON.parse(JSON.stringify(snapshotRecord(snapshot)))
  t.strictSame(parseSnapshot(version, true, record), snapshot)
  for (const wrong of [undefined, {}, { ...snapshotRecord(snapshot), headers: [] }]) {
    t.equal(parseSnapshot(version, true, wrong), undefined)
  }
})

interface Begun {
  readonly task: ResealTask
  readonly snapshot: Snapshot
}

/** Stops at the point where nothing has been changed. */
async function begin(scene: Scene, method: Method): Promise<Begun> {
  const task: ResealTask = {
    state: await scene.state('key'),
    target: TARGET,
    method,
    bucket: scene.bucket,
    now: Date.now,
    onBegin: async () => undefined,
    onUpload: async () => undefined,
  }
  let snapshot: Snapshot | undefined
  const killed = new Error('killed')
  const onBegin = async (before: Snapshot): Promise<void> => {
    snapshot = before
    throw killed
  }
  await scene.reseal('key', method, { ...task, onBegin }).catch((error: unknown) => {
    if (error !== killed) throw error
  })
  if (snapshot === undefined) throw new Error('nothing was begun')
  return { task, snapshot }
}

function settleBegun(scene: Scene, { task, snapshot }: Begun, uploadId?: string) {
  return settle(scene.link, task, snapshot, uploadId)
}

async function annotation(scene: Scene, method: 'PUT' | 'DELETE', name: string): Promise<void> {
  const query = [
    { name: 'annotation', value: '' },
    { name: 'annotationName', value: name },
  ]
  const body = method === 'PUT' ? { body: Buffer.from(name) } : {}
  await scene.ask({ method, key: 'key', query, ...body })
}
