import t from 'tap'
import { emptyAnswer, totalSize, xmlAnswer } from '../../src/sandbox/exchange.ts'
import { send } from './send.ts'
import { BUCKET, startTestSandbox } from './start-test-sandbox.ts'

t.test('an answer has the status, headers and body of its kind', async (t) => {
  t.strictSame(xmlAnswer('<a/>', { etag: 'e' }), {
    status: 200,
    headers: { 'content-type': 'application/xml', etag: 'e' },
    body: '<a/>',
  })
  t.strictSame(emptyAnswer(204), { status: 204, headers: {} })
  const segments = [
    { file: 'a', size: 1 },
    { file: 'b', size: 2 },
  ]
  t.equal(totalSize(segments), 3)
})

t.test('what the request names has to be there', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const key = await send(sandbox, { target: `/${BUCKET}/none` })
  t.match(key, { status: 404, code: 'NoSuchKey', body: /<Key>none<\/Key>/ })
  const bucket = await send(sandbox, { target: '/no-such-bucket/key' })
  t.match(bucket, { status: 404, code: 'NoSuchBucket', body: /<BucketName>no-such-bucket</ })
})
