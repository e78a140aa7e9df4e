import { createHash } from 'node:crypto'
import t from 'tap'
import { element, elements, send } from '../send.ts'
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

t.test('parts with checksums are listed, page by page, as they were numbered', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}/key`
  const five = Buffer.alloc(5 * 1024 ** 2)
  for (const algorithm of ['SHA256', undefined]) {
    const headers: Record<string, string> =
      algorithm === undefined ? {} : { 'x-amz-checksum-algorithm': algorithm }
    const created = await send(sandbox, { method: 'POST', target: `${target}?uploads`, headers })
    const id = element(created.body, 'UploadId')
    let list = ''
    for (const [number, body] of [
      [2, five],
      [5, five],
      [7, Buffer.from('end')],
    ] as const) {
      const sha256 = createHash('sha256').update(body).digest('base64')
      const part = await send(sandbox, {
        method: 'PUT',
        target: `${target}?partNumber=${number}&uploadId=${id}`,
        body,
        headers: algorithm === undefined ? {} : { 'x-amz-checksum-sha256': sha256 },
      })
      const etag = String(part.headers.etag).replaceAll('"', '')
      list += `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag><ChecksumSHA256>${sha256}</ChecksumSHA256></Part>`
    }
    if (algorithm === undefined)
      list = list.replaceAll(/<ChecksumSHA256>[^<]*<.ChecksumSHA256>/g, '')
    const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`
    await send(sandbox, { method: 'POST', target: `${target}?uploadId=${id}`, body })
    const ask = (more: Record<string, string> = {}) =>
      send(sandbox, {
        target: `${target}?attributes`,
        headers: { 'x-amz-object-attributes': 'ObjectParts', ...more },
      })
    const all = (await ask()).body
    t.equal(element(all, 'PartsCount'), '3')
    const isListed = algorithm !== undefined
    t.strictSame(elements(all, 'PartNumber'), isListed ? ['2', '5', '7'] : [])
    if (isListed) {
      t.equal(elements(all, 'ChecksumSHA256').length, 3)
      const page = await ask({ 'x-amz-max-parts': '1', 'x-amz-part-number-marker': '2' })
      t.strictSame(elements(page.body, 'PartNumber'), ['5'])
      t.equal(element(page.body, 'NextPartNumberMarker'), '5')
      t.equal(element(page.body, 'IsTruncated'), 'true')
      t.equal((await ask({ 'x-amz-max-parts': 'x' })).code, 'InvalidArgument')
    }
    t.match(await send(sandbox, { target: `${target}?partNumber=7` }), { status: 206, body: 'end' })
    t.equal((await send(sandbox, { target: `${target}?partNumber=3` })).status, 416)
  }
})
