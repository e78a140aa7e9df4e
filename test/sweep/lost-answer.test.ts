import type { IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { startForwarder } from './forwarder.ts'
import { KEY, PROPERTIES, type Scene, startScene, TARGET } from './reseal-scene.ts'
import { openLink, type TestLink } from './s3-link.ts'

const COPIES = [
  ['copy', isCopy],
  ['multipart-copy', isCompletion],
] as const

for (const versioning of ['enabled', 'never'] as const) {
  for (const [method, isLast] of COPIES) {
    t.test(`versioning ${versioning}: a ${method} whose answer is lost is found`, async (t) => {
      const scene = await startScene(t, versioning)
      await scene.put('key', PROPERTIES)
      const hasAnnotation = versioning === 'enabled'
      if (hasAnnotation) await annotate(scene)
      const count = scene.s3.versions('bucket').length
      const over = await cutOnce(t, scene, isLast, async () => undefined)
      const outcome = await scene.reseal('key', method, {}, over)
      t.match(outcome, { kind: 'done', method, after: { encryption: { keyId: KEY } } })
      const isNew = versioning === 'enabled' ? 1 : 0
      t.equal(scene.s3.versions('bucket').length, count + isNew, 'nothing is copied twice')
      if (hasAnnotation) {
        const query = [{ name: 'annotation', value: '' }]
        t.match((await scene.ask({ method: 'GET', key: 'key', query })).body.toString(), 'note')
      }
    })
  }
}

t.test('a copy whose answer is lost is compared, and no command deletes it', async (t) => {
  const scene = await startScene(t, 'enabled')
  await scene.put('key', PROPERTIES)
  const over = await cutOnce(t, scene, isCopy, () => tag(scene))
  const outcome = await scene.reseal('key', 'copy', {}, over)
  t.match(outcome, { kind: 'failed', code: 'properties-differ' })
  t.strictSame(outcome.kind === 'failed' && outcome.recovery, [])
  t.ok(outcome.kind === 'failed' && outcome.differences.includes('tag their: none → own'))
})

t.test('the ETag of a copy may come without quotation marks', async (t) => {
  const scene = await startScene(t, 'never')
  for (const [method, isLast] of COPIES) {
    await scene.put(method, PROPERTIES)
    const over = await linkOver(t, scene, async (asked, body) =>
      isLast(asked)
        ? Buffer.from(body.toString().replace(/&quot;|&#34;|"(?=[^<>]*<\/ETag>)/g, ''))
        : body,
    )
    t.match(await scene.reseal(method, method, {}, over), { kind: 'done' }, method)
  }
})

t.test('what others seal at the same time is no change of ours', async (t) => {
  for (const [method] of COPIES) {
    const scene = await startScene(t, 'never')
    await scene.put('key', PROPERTIES)
    let isWritten = false
    const over = await linkOver(t, scene, async ({ url = '' }, body) => {
      if (url.includes('retention') && !isWritten) {
        isWritten = true
        await scene.put('key', [...PROPERTIES, ...TARGET.headers])
      }
      return body
    })
    t.strictSame(await scene.reseal('key', method, {}, over), { kind: 'changed' }, method)
    t.ok(isWritten)
    t.equal(await scene.uploads(), 0)
  }
})

t.test('tags that others set while parts are copied are not lost', async (t) => {
  for (const versioning of ['enabled', 'never'] as const) {
    const scene = await startScene(t, versioning)
    await scene.put('key', PROPERTIES)
    const over = await linkOver(t, scene, async (asked, body) => {
      if (isCopy(asked)) await tag(scene)
      return body
    })
    const outcome = await scene.reseal('key', 'multipart-copy', {}, over)
    t.strictSame(outcome, { kind: 'changed' })
    t.match(scene.s3.inspect('bucket', 'key'), { encryption: 'AES256' })
    t.equal(scene.s3.versions('bucket').length, 1)
    t.equal(await scene.uploads(), 0)
  }
})

function isCopy({ headers }: IncomingMessage): boolean {
  return headers['x-amz-copy-source'] !== undefined
}

function isCompletion({ method, url = '' }: IncomingMessage): boolean {
  return method === 'POST' && url.includes('uploadId=')
}

/** A link that loses the first answer to such a request, after `then`. */
function cutOnce(
  t: Test,
  scene: Scene,
  isLost: (asked: IncomingMessage) => boolean,
  then: () => Promise<unknown>,
): Promise<TestLink> {
  let isCut = false
  return linkOver(t, scene, async (asked, body) => {
    if (isCut || !isLost(asked)) return body
    isCut = true
    await then()
    return undefined
  })
}

async function linkOver(
  t: Test,
  { s3 }: Scene,
  onAnswer: Parameters<typeof startForwarder>[2],
): Promise<TestLink> {
  const link = openLink(await startForwarder(t, s3.port, onAnswer))
  t.teardown(() => link.close())
  return link
}

function annotate({ ask }: Scene): Promise<unknown> {
  const query = [
    { name: 'annotation', value: '' },
    { name: 'annotationName', value: 'note' },
  ]
  return ask({ method: 'PUT', key: 'key', query, body: Buffer.from('text') })
}

function tag({ ask }: Scene): Promise<unknown> {
  const document =
    '<Tagging><TagSet><Tag><Key>their</Key><Value>own</Value></Tag></TagSet></Tagging>'
  const query = [{ name: 'tagging', value: '' }]
  return ask({ method: 'PUT', key: 'key', query, body: Buffer.from(document) })
}
