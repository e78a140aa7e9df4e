import t from 'tap'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { elements, send, type TestRequest } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

const target = `/${BUCKET}/key`

function asker(sandbox: Sandbox) {
  return (method: string, at: string, more: Partial<TestRequest> = {}) =>
    send(sandbox, { method, target: at, ...more })
}

t.test(
  'each way to write an object keeps its ACL; a copy takes none from its source',
  async (t) => {
    const { sandbox } = await startTestSandbox(t)
    const ask = asker(sandbox)
    const permissions = async (at: string) =>
      elements((await ask('GET', `${at}?acl`)).body, 'Permission')
    await ask('PUT', target, { body: 'x' })
    t.strictSame(await permissions(target), ['FULL_CONTROL'])
    const headers = { 'x-amz-acl': 'public-read' }
    await ask('PUT', target, { body: 'x', headers })
    t.strictSame(await permissions(target), ['FULL_CONTROL', 'READ'])
    const copy = `/${BUCKET}/copy`
    await ask('PUT', copy, { headers: { 'x-amz-copy-source': target } })
    t.strictSame(await permissions(copy), ['FULL_CONTROL'])
    await ask('PUT', copy, { headers: { ...headers, 'x-amz-copy-source': target } })
    t.strictSame(await permissions(copy), ['FULL_CONTROL', 'READ'])
    const created = await ask('POST', `${copy}?uploads`, { headers })
    const id = elements(created.body, 'UploadId')[0]
    const part = await ask('PUT', `${copy}?partNumber=1&uploadId=${id}`, { body: 'x' })
    const etag = String(part.headers.etag).replaceAll('"', '')
    await ask('POST', `${copy}?uploadId=${id}`, {
      body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
    })
    t.strictSame(await permissions(copy), ['FULL_CONTROL', 'READ'])
    t.equal((await ask('PUT', target, { headers: { 'x-amz-acl': 'all' } })).code, 'InvalidArgument')
  },
)

t.test('an ACL is put by a header, by a document, by nothing else', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const ask = asker(sandbox)
  await ask('PUT', target, { body: 'x' })
  for (const at of [target, `/${BUCKET}`]) {
    const acl = `${at}?acl`
    const headers = { 'x-amz-acl': 'authenticated-read' }
    t.equal((await ask('PUT', acl, { headers })).status, 200)
    const document = (await ask('GET', acl)).body
    t.match(document, /AuthenticatedUsers/)
    t.equal((await ask('PUT', acl, { headers: { 'x-amz-acl': 'private' } })).status, 200)
    t.notMatch((await ask('GET', acl)).body, /AuthenticatedUsers/)
    t.equal((await ask('PUT', acl, { body: document })).status, 200)
    t.match((await ask('GET', acl)).body, /AuthenticatedUsers/)
    t.equal((await ask('PUT', acl)).code, 'MissingSecurityHeader')
    t.equal((await ask('PUT', acl, { headers, body: document })).code, 'UnexpectedContent')
    t.equal((await ask('PUT', acl, { body: '<a/>' })).code, 'MalformedXML')
  }
  t.equal((await ask('GET', `/${BUCKET}/none?acl`)).code, 'NoSuchKey')
})

t.test('BucketOwnerEnforced switches ACLs off', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const ask = asker(sandbox)
  const at = `/${BUCKET}?ownershipControls`
  await ask('PUT', target, { body: 'x', headers: { 'x-amz-acl': 'public-read' } })
  t.match(await ask('GET', at), { status: 404, code: 'OwnershipControlsNotFoundError' })
  const controls = (value: string) =>
    `<OwnershipControls><Rule><ObjectOwnership>${value}</ObjectOwnership></Rule></OwnershipControls>`
  t.equal((await ask('PUT', at, { body: controls('Nobody') })).code, 'MalformedXML')
  t.equal((await ask('PUT', at, { body: controls('BucketOwnerEnforced') })).status, 200)
  t.match((await ask('GET', at)).body, /<ObjectOwnership>BucketOwnerEnforced</)
  const put = (name: string) => ask('PUT', target, { body: 'x', headers: { 'x-amz-acl': name } })
  const document = (await ask('GET', `${target}?acl`)).body
  t.strictSame(elements(document, 'Permission'), ['FULL_CONTROL'], 'the grant does not count')
  t.match(await put('public-read'), { status: 400, code: 'AccessControlListNotSupported' })
  t.equal((await put('bucket-owner-full-control')).status, 200)
  const refused = await ask('PUT', `${target}?acl`, { body: document })
  t.equal(refused.code, 'AccessControlListNotSupported')
  t.equal((await ask('DELETE', at)).status, 204)
  t.equal((await put('public-read')).status, 200)
})

t.test('CreateBucket takes an ACL and an ownership', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const ask = asker(sandbox)
  const create = (name: string, headers: Record<string, string>) =>
    ask('PUT', `/${name}`, { headers })
  t.equal((await create('three', { 'x-amz-acl': 'public-read' })).status, 200)
  t.match((await ask('GET', '/three?acl')).body, /AllUsers/)
  const enforced = { 'x-amz-object-ownership': 'BucketOwnerEnforced' }
  t.equal((await create('four', enforced)).status, 200)
  t.match((await ask('GET', '/four?ownershipControls')).body, /BucketOwnerEnforced/)
  const wrong = { 'x-amz-object-ownership': 'Mine' }
  t.equal((await create('five', wrong)).code, 'InvalidArgument')
  const both = await create('six', { ...enforced, 'x-amz-acl': 'public-read' })
  t.equal(both.code, 'AccessControlListNotSupported')
  t.equal((await ask('HEAD', '/six')).status, 404)
})
