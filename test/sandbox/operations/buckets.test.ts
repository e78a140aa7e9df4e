import t from 'tap'
import { elements, send } from '../send.ts'
import { BUCKET, REGION, startTestSandbox } from '../start-test-sandbox.ts'

const location = (region: string) =>
  `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`

t.test('buckets are made, listed and removed', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = '/bucket-three'
  const put = await send(sandbox, { method: 'PUT', target, body: location(REGION) })
  t.match(put, { status: 200, headers: { location: target } })
  const list = await send(sandbox, { target: '/' })
  t.strictSame(elements(list.body, 'Name'), [BUCKET, 'bucket-three', 'bucket-two'])
  t.match(await send(sandbox, { method: 'PUT', target }), {
    status: 409,
    code: 'BucketAlreadyOwnedByYou',
  })
  const elsewhere = await send(sandbox, {
    method: 'PUT',
    target: '/bucket-four',
    body: location('us-east-1'),
  })
  t.match(elsewhere, { status: 400, code: 'IllegalLocationConstraintException' })
  await send(sandbox, { method: 'PUT', target: `${target}/key`, body: 'x' })
  t.match(await send(sandbox, { method: 'DELETE', target }), {
    status: 409,
    code: 'BucketNotEmpty',
  })
  await send(sandbox, { method: 'DELETE', target: `${target}/key` })
  t.equal((await send(sandbox, { method: 'DELETE', target })).status, 204)
  t.equal((await send(sandbox, { method: 'DELETE', target })).code, 'NoSuchBucket')
})

t.test('a bucket tells its region, and that it has no versions', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const head = await send(sandbox, { method: 'HEAD', target: `/${BUCKET}` })
  t.match(head, { status: 200, headers: { 'x-amz-bucket-region': REGION } })
  const where = await send(sandbox, { target: `/${BUCKET}?location` })
  t.match(where.body, `>${REGION}</LocationConstraint>`)
  const versioning = await send(sandbox, { target: `/${BUCKET}?versioning` })
  t.match(versioning, {
    status: 200,
    body: /<VersioningConfiguration [^>]*><\/VersioningConfiguration>$/,
  })
  t.match(await send(sandbox, { method: 'HEAD', target: '/none' }), { status: 404, body: '' })
})

t.test('us-east-1 is as odd as it is', async (t) => {
  const { sandbox } = await startTestSandbox(t, { region: 'us-east-1' })
  const scope = '20261123/us-east-1/s3/aws4_request'
  const again = await send(sandbox, { method: 'PUT', target: `/${BUCKET}`, scope })
  t.equal(again.status, 200)
  const where = await send(sandbox, { target: `/${BUCKET}?location`, scope })
  t.match(where.body, '></LocationConstraint>')
})

t.test('a bucket is served in virtual-hosted style', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const host = `${BUCKET}.s3.${REGION}.localhost`
  await send(sandbox, { method: 'PUT', target: '/a/b', host, body: 'x' })
  t.strictSame(sandbox.list(BUCKET), ['a/b'])
  const list = await send(sandbox, { target: '/', host: `${BUCKET}.localhost:${sandbox.port}` })
  t.strictSame(elements(list.body, 'Key'), ['a/b'])
})
