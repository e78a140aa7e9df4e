import t from 'tap'
import { element, send } from '../send.ts'
import { BUCKET, KEY, startTestSandbox } from '../start-test-sandbox.ts'

const target = `/${BUCKET}/large`
const SSE = 'x-amz-server-side-encryption'

t.test('parts are copied, whole or by range', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const size = 6_000_000
  const body = Buffer.alloc(size, '0123456789')
  await send(sandbox, { method: 'PUT', target: `/${BUCKET}/source`, body })
  const created = await send(sandbox, {
    method: 'POST',
    target: `${target}?uploads`,
    headers: { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY },
  })
  const id = element(created.body, 'UploadId') ?? ''
  const copy = (number: number, range?: string) =>
    send(sandbox, {
      method: 'PUT',
      target: `${target}?partNumber=${number}&uploadId=${id}`,
      headers: {
        'x-amz-copy-source': `/${BUCKET}/source`,
        ...(range === undefined ? {} : { 'x-amz-copy-source-range': range }),
      },
    })
  const whole = await copy(1)
  t.match(whole, { status: 200, headers: { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY } })
  const ranged = await copy(2, 'bytes=3-5')
  for (const range of ['bytes=3-', 'bytes=5-3', `bytes=0-${size}`, '0-5']) {
    t.match(await copy(3, range), { status: 400, code: 'InvalidArgument' }, range)
  }
  const parts = [whole, ranged]
    .map(
      (answer, i) =>
        `<Part><PartNumber>${i + 1}</PartNumber><ETag>${element(answer.body, 'ETag')}</ETag></Part>`,
    )
    .join('')
  const done = await send(sandbox, {
    method: 'POST',
    target: `${target}?uploadId=${id}`,
    body: `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`,
  })
  t.equal(done.status, 200)
  const get = await send(sandbox, { target })
  t.ok(get.octets.equals(Buffer.concat([body, Buffer.from('345')])))
})

t.test('part numbers and keys are checked', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const headers = { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY }
  const created = await send(sandbox, { method: 'POST', target: `${target}?uploads`, headers })
  const id = element(created.body, 'UploadId') ?? ''
  const put = (number: string) =>
    send(sandbox, {
      method: 'PUT',
      target: `${target}?partNumber=${number}&uploadId=${id}`,
      body: 'x',
    })
  for (const number of ['0', '10001', '-1', 'x', '1.5']) {
    t.match(await put(number), { status: 400, code: 'InvalidArgument' }, number)
  }
  t.equal((await put('10000')).status, 200)
  const other = `/${BUCKET}/other?partNumber=1&uploadId=${id}`
  t.equal((await send(sandbox, { method: 'PUT', target: other, body: 'x' })).code, 'NoSuchUpload')
  sandbox.setKeyState(KEY, 'disabled')
  t.equal((await put('1')).code, 'KMS.DisabledException')
})
