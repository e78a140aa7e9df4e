import t from 'tap'
import { element, send } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

t.test('the attributes that are asked for are told', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}/key`
  await send(sandbox, {
    method: 'PUT',
    target,
    body: 'hello',
    headers: { 'x-amz-checksum-crc32': 'NhCmhg==' },
  })
  const ask = (names: string) =>
    send(sandbox, { target: `${target}?attributes`, headers: { 'x-amz-object-attributes': names } })
  const all = await ask('ETag,Checksum, ObjectParts,StorageClass,ObjectSize')
  t.equal(element(all.body, 'ETag'), '5d41402abc4b2a76b9719d911017c592')
  t.equal(element(all.body, 'ChecksumCRC32'), 'NhCmhg==')
  t.equal(element(all.body, 'ObjectSize'), '5')
  t.equal(element(all.body, 'StorageClass'), 'STANDARD')
  t.equal(all.headers['x-amz-server-side-encryption'], undefined)
  const one = await ask('ObjectSize')
  t.equal(element(one.body, 'ETag'), undefined)
  t.match(await ask('Colour'), { status: 400, code: 'InvalidArgument' })
})
