import t from 'tap'
import { element, elements, send } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

t.test('parts are listed by number, in pages', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}/large`
  const created = await send(sandbox, { method: 'POST', target: `${target}?uploads` })
  const id = element(created.body, 'UploadId')
  for (const number of [10, 2, 1]) {
    const at = `${target}?partNumber=${number}&uploadId=${id}`
    await send(sandbox, { method: 'PUT', target: at, body: 'x'.repeat(number) })
  }
  const first = await send(sandbox, { target: `${target}?max-parts=2&uploadId=${id}` })
  t.strictSame(elements(first.body, 'PartNumber'), ['1', '2'])
  t.equal(element(first.body, 'IsTruncated'), 'true')
  t.equal(element(first.body, 'NextPartNumberMarker'), '2')
  const second = await send(sandbox, { target: `${target}?part-number-marker=2&uploadId=${id}` })
  t.strictSame(elements(second.body, 'PartNumber'), ['10'])
  t.equal(element(second.body, 'Size'), '10')
  const none = await send(sandbox, { target: `${target}?uploadId=none` })
  t.equal(none.code, 'NoSuchUpload')
})

t.test('uploads are listed by key, in pages, rolled up', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  for (const key of ['b', 'a/1', 'a/2', 'c']) {
    await send(sandbox, { method: 'POST', target: `/${BUCKET}/${key}?uploads` })
  }
  const list = (query: string) => send(sandbox, { target: `/${BUCKET}?${query}` })
  t.strictSame(elements((await list('uploads')).body, 'Key'), ['a/1', 'a/2', 'b', 'c'])
  const rolled = await list('delimiter=%2F&uploads')
  t.strictSame(elements(rolled.body, 'Key'), ['b', 'c'])
  t.match(rolled.body, '<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>')
  t.strictSame(elements((await list('prefix=a%2F&uploads')).body, 'Key'), ['a/1', 'a/2'])
  const first = await list('max-uploads=3&uploads')
  t.equal(element(first.body, 'NextKeyMarker'), 'b')
  const id = element(first.body, 'NextUploadIdMarker')
  const second = await list(`key-marker=b&upload-id-marker=${id}&uploads`)
  t.strictSame(elements(second.body, 'Key'), ['c'])
})
