import t, { type Test } from 'tap'
import { compareSnapshots } from '../../src/sweep/compare-snapshots.ts'
import type { Method, ObjectVersion } from '../../src/sweep/object-version.ts'
import { askS3 } from '../../src/sweep/s3-request.ts'
import { takeSnapshot } from '../../src/sweep/snapshot.ts'
import {
  KEY,
  LOCK,
  OLD_KEY,
  PROPERTIES,
  type Scene,
  setVersioning,
  startScene,
  TARGET,
  underKey,
  uploadInParts,
} from './reseal-scene.ts'

const SOURCES = [
  ['SSE-S3', []],
  ['SSE-KMS under another key', underKey(OLD_KEY)],
] as const

for (const versioning of ['enabled', 'suspended', 'never'] as const) {
  t.test(`versioning ${versioning}`, async (t) => {
    const scene = await startScene(t, versioning)

    for (const [name, fields] of SOURCES) {
      for (const method of ['update', 'copy', 'multipart-copy'] as const) {
        t.test(`${method} of ${name} keeps every property`, async (t) => {
          const key = `${name} ${method} \u00fc+%2F`
          await scene.put(key, [...PROPERTIES, ...fields])
          // A copy in parts of it is refused where it overwrites: settle.test.ts.
          if (method !== 'multipart-copy' || versioning === 'enabled') await annotate(scene, key)
          await checkReseal(t, scene, key, method)
        })
      }
    }

    t.test('a copy of DSSE-KMS, and to DSSE-KMS', async (t) => {
      await scene.put('dual', [...PROPERTIES, ...underKey(OLD_KEY, 'aws:kms:dsse')])
      await checkReseal(t, scene, 'dual', 'copy')
      const headers = underKey(KEY, 'aws:kms:dsse')
      const target = {
        ...TARGET,
        algorithm: 'aws:kms:dsse',
        bucketKey: undefined,
        headers,
      } as const
      t.match(await scene.reseal('dual', 'copy', { target }), {
        kind: 'done',
        after: { encryption: { algorithm: 'aws:kms:dsse', keyId: KEY } },
      })
    })
  })
}

t.test('what was uploaded in parts keeps its parts and its composite checksum', async (t) => {
  const scene = await startScene(t, 'enabled')
  const parts = [Buffer.alloc(5 * 1024 ** 2, 1), Buffer.alloc(6 * 1024 ** 2, 2), Buffer.from('x')]
  for (const sum of [[], ['x-amz-checksum-algorithm', 'SHA256']] as const) {
    t.test(sum.length === 0 ? 'no checksum' : 'SHA256', async (t) => {
      await uploadInParts(scene, 'parts', [...PROPERTIES, ...sum], parts)
      await annotate(scene, 'parts')
      // A plain copy would make one part of it, so that it is planned anew.
      t.strictSame(await scene.reseal('parts', 'copy'), { kind: 'changed' })
      await checkReseal(t, scene, 'parts', 'multipart-copy')
      t.equal(await scene.uploads(), 0)
    })
  }
})

t.test(
  'a copy under Object Lock has the same lock, and the old version keeps its own',
  async (t) => {
    const scene = await startScene(t, 'enabled', { hasLock: true })
    for (const method of ['copy', 'multipart-copy'] as const) {
      await scene.put(method, [...PROPERTIES, ...LOCK])
      await checkReseal(t, scene, method, method)
    }
    t.test('an update is left to the operator', async (t) => {
      await scene.put('update', LOCK)
      const outcome = await scene.reseal('update', 'update')
      t.match(outcome, { kind: 'left', class: 'locked' })
      t.equal(scene.s3.inspect('bucket', 'update')?.encryption, 'AES256')
    })
  },
)

t.test('an object that is not as planned is left alone', async (t) => {
  const scene = await startScene(t, 'never')
  for (const method of ['update', 'copy', 'multipart-copy'] as const) {
    await scene.put('key', [], 'one')
    const state = await scene.state('key')
    await scene.put('key', [], 'two')
    t.strictSame(await scene.reseal('key', method, { state }), { kind: 'changed' })
    t.equal(scene.s3.inspect('bucket', 'key')?.encryption, 'AES256')
    await scene.ask({ method: 'DELETE', key: 'key' })
    t.strictSame(await scene.reseal('key', method, { state }), { kind: 'changed' })
  }
})

t.test('a copy does not remove an older version null', async (t) => {
  const scene = await startScene(t, 'never')
  await scene.put('key', [], 'null')
  await setVersioning(scene, 'Enabled')
  await scene.put('key', underKey(OLD_KEY, 'aws:kms:dsse'), 'newer')
  await scene.put('other', underKey(OLD_KEY, 'aws:kms:dsse'))
  await setVersioning(scene, 'Suspended')
  const bucket = { ...scene.bucket, versioning: 'suspended' } as const
  for (const method of ['copy', 'multipart-copy'] as const) {
    const outcome = await scene.reseal('key', method, { bucket })
    t.match(outcome, { kind: 'left', class: 'cannot', reason: 'null-version-below' })
  }
  t.equal(scene.s3.inspect('bucket', 'key', 'null')?.size, 4)
  t.match(await scene.reseal('other', 'copy', { bucket }), { kind: 'done' })
  t.equal(scene.s3.versions('bucket').filter(({ key }) => key === 'other').length, 2)
})

t.test('what others have sealed is left, and is no change of ours', async (t) => {
  const scene = await startScene(t, 'enabled')
  await scene.put('key', TARGET.headers)
  for (const method of ['update', 'copy'] as const) {
    const outcome = await scene.reseal('key', method)
    t.match(outcome, { kind: 'left', class: 'sealed', reason: 'by-others' })
  }
  t.equal(scene.s3.versions('bucket').length, 1)
})

t.test('a right that is missing makes the object unknown', async (t) => {
  for (const [action, method] of [
    ['s3:GetObjectTagging', 'update'],
    ['s3:GetObjectAcl', 'update'],
    ['s3:GetObjectAcl', 'copy'],
  ] as const) {
    const scene = await startScene(t, 'never')
    await scene.put('key', PROPERTIES)
    await deny(scene, action)
    t.match(await scene.reseal('key', method), { kind: 'left', class: 'cannot-know' }, action)
    t.equal(scene.s3.inspect('bucket', 'key')?.encryption, 'AES256')
  }
})

t.test('what S3 answers falsely is a failure', async (t) => {
  t.test('an update that does nothing', async (t) => {
    const scene = await startScene(t, 'enabled', { quirks: { silentUpdateEncryption: true } })
    await scene.put('key', underKey(OLD_KEY))
    const outcome = await scene.reseal('key', 'update')
    t.match(outcome, { kind: 'failed', stage: 'after', code: 'not-confirmed' })
    t.match(outcome.kind === 'failed' && outcome.recovery, [/update-object-encryption .*ffffffff/])
  })
  t.test('a copy that does not encrypt', async (t) => {
    const scene = await startScene(t, 'enabled', { quirks: { silentCopy: true } })
    const versionId = await scene.put('key', [])
    const outcome = await scene.reseal('key', 'copy')
    t.match(outcome, { kind: 'failed', stage: 'after', code: 'not-confirmed' })
    t.match(outcome, { previous: { versionId } })
    t.match(outcome.kind === 'failed' && outcome.recovery, [/delete-object .*--version-id/])
  })
  t.test('an error behind a 200', async (t) => {
    for (const method of ['copy', 'multipart-copy'] as const) {
      const scene = await startScene(t, 'enabled', { quirks: { copyErrorIn200: true } })
      await scene.put('key', PROPERTIES)
      t.match(await scene.reseal('key', method), { kind: 'failed', stage: 'request' }, method)
      t.equal(scene.s3.versions('bucket').length, 1)
      t.equal(await scene.uploads(), 0)
    }
  })
  t.test('a key that is disabled', async (t) => {
    const scene = await startScene(t, 'enabled')
    await scene.put('key', underKey(OLD_KEY))
    scene.s3.setKeyState(KEY, 'disabled')
    for (const method of ['update', 'copy', 'multipart-copy'] as const) {
      const outcome = await scene.reseal('key', method)
      t.match(outcome, { kind: 'failed', stage: 'request' }, method)
    }
    t.equal(await scene.uploads(), 0)
  })
})

t.test('a write while the copy is made is not lost', async (t) => {
  for (const method of ['copy', 'multipart-copy'] as const) {
    t.test(method, async (t) => {
      let onCopy: (() => void) | undefined
      const scene = await startScene(t, 'never', {
        onRequest: ({ method: verb, rawHeaders }) => {
          if (verb === 'PUT' && rawHeaders.includes('x-amz-copy-source')) onCopy?.()
        },
      })
      await scene.put('key', [], 'one')
      const writes: Promise<unknown>[] = []
      onCopy = () => {
        onCopy = undefined
        writes.push(scene.put('key', ['x-amz-meta-writer', 'theirs'], 'two'))
      }
      const outcome = await scene.reseal('key', method)
      await Promise.all(writes)
      t.ok(['done', 'changed'].includes(outcome.kind), outcome.kind)
      t.strictSame(scene.s3.inspect('bucket', 'key')?.metadata, { writer: 'theirs' })
      t.equal(await scene.uploads(), 0)
    })
  }
})

t.test('a newer write of the same bytes, with the same ETag, is not lost', async (t) => {
  for (const method of ['copy', 'multipart-copy'] as const) {
    for (const versioning of ['enabled', 'never'] as const) {
      t.test(`${method}, versioning ${versioning}`, async (t) => {
        let now = Date.now()
        let onRead: (() => Promise<unknown>) | undefined
        const writes: Promise<unknown>[] = []
        const scene = await startScene(t, versioning, {
          now: () => now,
          onRequest: ({ rawTarget }) => {
            const read = onRead
            if (read === undefined || !rawTarget.includes('retention')) return
            onRead = undefined
            now += 2_000
            writes.push(read())
          },
        })
        await scene.put('key', ['x-amz-meta-writer', 'first'], 'same')
        const state = await scene.state('key')
        onRead = () => scene.put('key', ['x-amz-meta-writer', 'theirs'], 'same')
        const outcome = await scene.reseal('key', method, { state })
        await Promise.all(writes)
        t.equal(writes.length, 1)
        t.strictSame(outcome, { kind: 'changed' })
        t.strictSame(scene.s3.inspect('bucket', 'key')?.metadata, { writer: 'theirs' })
        t.equal(scene.s3.inspect('bucket', 'key')?.etag, state.etag.replaceAll('"', ''))
        t.equal(await scene.uploads(), 0)
      })
    }
  }
})

t.test('a hold that is off is the same as one that was never set', async (t) => {
  const scene = await startScene(t, 'enabled')
  await scene.put('key', [])
  const before = await snapshotOf(scene, (await scene.state('key')).version, 'copy')
  for (const name of ['x-amz-object-lock-legal-hold', 'x-amz-object-lock-event-hold']) {
    const withHold = (value: string) => ({ ...before, headers: [...before.headers, name, value] })
    t.strictSame(compareSnapshots(withHold('OFF'), before, 'copy', Date.now()), [])
    t.strictSame(compareSnapshots(before, withHold('OFF'), 'update', Date.now()), [])
    const lost = compareSnapshots(withHold('ON'), before, 'copy', Date.now())
    t.strictSame(lost, [`${name}: ON → none`])
  }
})

t.test('random writes during many copies are never lost', async (t) => {
  const scene = await startScene(t, 'never')
  const last = new Map<string, string>()
  for (let round = 0; round < 24; round++) {
    const key = `key-${round}`
    await scene.put(key, ['x-amz-meta-round', 'first'], 'first')
    last.set(key, 'first')
    const state = await scene.state(key)
    const write = async (): Promise<void> => {
      for (let i = 0; i < round % 8; i++) await scene.state(key)
      await scene.put(key, ['x-amz-meta-round', 'second'], 'second')
      last.set(key, 'second')
    }
    const method = round % 3 === 0 ? 'multipart-copy' : 'copy'
    await Promise.all([scene.reseal(key, method, { state }), write()])
    const { metadata } = scene.s3.inspect('bucket', key) ?? {}
    t.strictSame(metadata, { round: last.get(key) }, key)
  }
})

/** Seals again, and compares with the snapshot from before by itself. */
async function checkReseal(t: Test, scene: Scene, key: string, method: Method): Promise<void> {
  const state = await scene.state(key)
  const versions = scene.s3.versions('bucket')
  const before = await snapshotOf(scene, state.version, method)
  const outcome = await scene.reseal(key, method)
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome, null, 2))
  t.equal(outcome.method, method)
  t.match(outcome.after.encryption, { kind: 'sse-kms', keyId: KEY, algorithm: 'aws:kms' })
  const after = await snapshotOf(scene, outcome.after.version, method)
  t.strictSame(compareSnapshots(before, after, method, Date.now()), [])
  const { headers, metadata, tags } = scene.s3.inspect('bucket', key) ?? {}
  if (scene.bucket.versioning === 'enabled' && method !== 'update') {
    const old = scene.s3.inspect('bucket', key, state.version.versionId)
    t.strictSame([headers, metadata, tags], [old?.headers, old?.metadata, old?.tags])
    t.equal(scene.s3.versions('bucket').length, versions.length + 1)
  } else {
    t.strictSame(
      scene.s3.versions('bucket').map(({ versionId }) => versionId).length,
      versions.length,
    )
  }
}

async function snapshotOf(scene: Scene, version: ObjectVersion, method: Method) {
  const { link, bucket } = scene
  const snapshot = await takeSnapshot(link, version, { isCurrent: true, method, bucket })
  if (!snapshot.ok) throw new Error(JSON.stringify(snapshot.error))
  return snapshot.value
}

async function annotate(scene: Scene, key: string): Promise<void> {
  for (const name of ['note', 'a b']) {
    const query = [
      { name: 'annotation', value: '' },
      { name: 'annotationName', value: name },
    ]
    await scene.ask({ method: 'PUT', key, query, body: Buffer.from('<Error>text</Error>') })
  }
}

async function deny(scene: Scene, action: string): Promise<void> {
  const statement = {
    Effect: 'Deny',
    Principal: '*',
    Action: action,
    Resource: 'arn:aws:s3:::bucket/*',
  }
  const body = Buffer.from(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }))
  const query = [{ name: 'policy', value: '' }]
  const reply = await askS3(scene.link, { method: 'PUT', bucket: 'bucket', query, body })
  if (reply.kind !== 'answer') throw new Error(JSON.stringify(reply))
}
