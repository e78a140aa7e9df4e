import t from 'tap'
import { readTagDocument } from '../../../src/sandbox/operations/tagging.ts'
import { elements, send } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

const tagging = (...tags: readonly (readonly [string, string])[]) =>
  `<Tagging><TagSet>${tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`

t.test('tags of objects and buckets are set, read and deleted', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  await send(sandbox, { method: 'PUT', target: `/${BUCKET}/key`, body: 'hello' })
  for (const [target, putStatus, noneStatus] of [
    [`/${BUCKET}/key`, 200, 200],
    [`/${BUCKET}`, 204, 404],
  ] as const) {
    const at = `${target}?tagging`
    t.equal((await send(sandbox, { target: at })).status, noneStatus)
    const put = await send(sandbox, {
      method: 'PUT',
      target: at,
      body: tagging(['a', 'b c'], ['d', '']),
    })
    t.equal(put.status, putStatus)
    const get = await send(sandbox, { target: at })
    t.strictSame(
      [elements(get.body, 'Key'), elements(get.body, 'Value')],
      [
        ['a', 'd'],
        ['b c', ''],
      ],
    )
    t.equal((await send(sandbox, { method: 'DELETE', target: at })).status, 204)
    t.equal((await send(sandbox, { target: at })).status, noneStatus)
  }
  t.equal(
    (await send(sandbox, { target: `/${BUCKET}/key` })).body,
    'hello',
    'the data is untouched',
  )
})

t.test('a document that is not a tag set is refused', async (t) => {
  t.strictSame(readTagDocument(tagging()), [])
  t.throws(() => readTagDocument('<Tagging/>'), { code: 'MalformedXML' })
  t.throws(() => readTagDocument('<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>'), {
    code: 'MalformedXML',
  })
  t.throws(() => readTagDocument(tagging(['a', '1'], ['a', '2'])), { code: 'InvalidTag' })
})
