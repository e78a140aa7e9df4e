import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { Client as MinioClient } from 'minio'
import t from 'tap'
import { CLIENT, KEY, OTHER_KEY, REGION, type Rig, startRig } from '../support/rig.ts'

function clientOf(rig: Rig): S3Client {
  return new S3Client({
    endpoint: rig.url,
    region: REGION,
    credentials: CLIENT,
    forcePathStyle: true,
  })
}

const MIB = 1024 * 1024

for (const trailers of ['forward', 'terminate']) {
  t.test(`the AWS SDK works with its default settings, trailers: ${trailers}`, async (t) => {
    const rig = await startRig({
      upstream: `  trailers: ${trailers}`,
      sandbox: { quirks: { noTrailers: trailers === 'terminate' } },
    })
    t.teardown(() => rig.close())
    const s3 = clientOf(rig)
    t.teardown(() => s3.destroy())

    for (const size of [0, 1, 100, 64 * 1024, 64 * 1024 + 1, 5 * MIB]) {
      const body = randomBytes(size)
      const bodies: readonly (readonly [string, () => Buffer | Readable])[] = [
        ['buffer', () => body],
        ['stream', () => Readable.from(size === 0 ? [] : [body])],
      ]
      for (const [form, make] of bodies) {
        const Key = `${form}-${size}`
        const put = await s3.send(
          new PutObjectCommand({
            Bucket: 'bucket',
            Key,
            Body: make(),
            ...(form === 'stream' ? { ContentLength: size } : {}),
            ServerSideEncryption: 'AES256',
          }),
        )
        t.match(put, { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY }, Key)
        t.match(rig.sandbox.inspect('bucket', Key), { size, encryption: 'aws:kms', keyId: KEY })
        const get = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key }))
        const bytes = Buffer.from((await get.Body?.transformToByteArray()) ?? [])
        t.ok(bytes.equals(body), `${Key} comes back`)
      }
    }
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'bucket' }))
    t.equal(listed.KeyCount, 12)
    const range = await s3.send(
      new GetObjectCommand({ Bucket: 'bucket', Key: 'buffer-100', Range: 'bytes=10-19' }),
    )
    t.equal((await range.Body?.transformToByteArray())?.length, 10)
    await s3.send(new DeleteObjectCommand({ Bucket: 'bucket', Key: 'buffer-100' }))
    await t.rejects(s3.send(new HeadObjectCommand({ Bucket: 'bucket', Key: 'buffer-100' })))
    const copy = await s3.send(
      new CopyObjectCommand({ Bucket: 'bucket', Key: 'copy', CopySource: 'bucket/buffer-1' }),
    )
    t.match(copy, { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY })
  })

  t.test(`lib-storage uploads a stream of unknown length, trailers: ${trailers}`, async (t) => {
    const rig = await startRig({
      upstream: `  trailers: ${trailers}`,
      sandbox: { quirks: { noTrailers: trailers === 'terminate' } },
    })
    t.teardown(() => rig.close())
    const s3 = clientOf(rig)
    t.teardown(() => s3.destroy())
    const chunk = randomBytes(MIB)
    const hash = createHash('sha256')
    async function* bytes() {
      for (let i = 0; i < 12; i++) {
        hash.update(chunk)
        yield chunk
      }
    }
    const upload = new Upload({
      client: s3,
      params: { Bucket: 'bucket', Key: 'streamed', Body: Readable.from(bytes()) },
    })
    await upload.done()
    t.match(rig.sandbox.inspect('bucket', 'streamed'), {
      size: 12 * MIB,
      encryption: 'aws:kms',
      keyId: KEY,
    })
    const get = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'streamed' }))
    const back = createHash('sha256').update((await get.Body?.transformToByteArray()) ?? '')
    t.equal(back.digest('hex'), hash.digest('hex'))
  })
}

t.test('presigned URLs work: GET, HEAD, PUT, part, DELETE', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const s3 = clientOf(rig)
  t.teardown(() => s3.destroy())
  const Bucket = 'bucket'
  const Key = 'pre signed/ü'
  const put = await fetch(
    await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 }),
    {
      method: 'PUT',
      body: 'presigned body',
    },
  )
  t.equal(put.status, 200, await put.text())
  t.match(rig.sandbox.inspect(Bucket, Key), { encryption: 'aws:kms', keyId: KEY, size: 14 })
  const get = await fetch(
    await getSignedUrl(
      s3,
      new GetObjectCommand({ Bucket, Key, ResponseContentType: 'text/x-special' }),
      { expiresIn: 60 },
    ),
  )
  t.equal(await get.text(), 'presigned body')
  t.equal(get.headers.get('content-type'), 'text/x-special')
  const head = await fetch(await getSignedUrl(s3, new HeadObjectCommand({ Bucket, Key })), {
    method: 'HEAD',
  })
  t.equal(head.status, 200)

  const created = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'mpu' }))
  const partUrl = await getSignedUrl(
    s3,
    new UploadPartCommand({ Bucket, Key: 'mpu', UploadId: created.UploadId, PartNumber: 1 }),
  )
  const part = await fetch(partUrl, { method: 'PUT', body: 'only part' })
  t.equal(part.status, 200, await part.text())
  await s3.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key: 'mpu',
      UploadId: created.UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: part.headers.get('etag') ?? '' }] },
    }),
  )
  t.match(rig.sandbox.inspect(Bucket, 'mpu'), { encryption: 'aws:kms', keyId: KEY })

  const removed = await fetch(await getSignedUrl(s3, new DeleteObjectCommand({ Bucket, Key })), {
    method: 'DELETE',
  })
  t.equal(removed.status, 204)
  const upstream = rig.received.map(({ rawTarget }) => rawTarget).join('\n')
  t.notMatch(upstream, /x-amz-/i, 'nothing of the client authentication goes upstream')

  const hoisted = await getSignedUrl(
    s3,
    new PutObjectCommand({ Bucket, Key: 'hoisted', ServerSideEncryption: 'AES256' }),
    { hoistableHeaders: new Set(['x-amz-server-side-encryption']) },
  )
  t.match(hoisted, 'x-amz-server-side-encryption=AES256')
  t.equal((await fetch(hoisted, { method: 'PUT', body: 'x' })).status, 200)
  t.match(rig.sandbox.inspect(Bucket, 'hoisted'), { encryption: 'aws:kms', keyId: KEY })

  const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'stolen' }))
  const smuggled = await fetch(url, { method: 'PUT', headers: { 'x-amz-copy-source': '/other/x' } })
  t.equal(smuggled.headers.get('x-sealgate-reason'), 'headers-not-signed', 'CVE-2026-54330')
  const tampered = await fetch(url.replace('stolen', 'elsewhere'), { method: 'PUT', body: 'x' })
  t.equal(tampered.headers.get('x-sealgate-reason'), 'signature-mismatch')
})

t.test('POST forms of s3-presigned-post work', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const s3 = clientOf(rig)
  t.teardown(() => s3.destroy())
  const content = randomBytes(300_000)
  const post = async (
    fields: Record<string, string>,
    Conditions: Parameters<typeof createPresignedPost>[1]['Conditions'] = [],
    more: Record<string, string> = {},
  ) => {
    const form = await createPresignedPost(s3, {
      Bucket: 'bucket',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
      Key: 'forms/${filename}',
      Fields: fields,
      Conditions,
    })
    const data = new FormData()
    for (const [name, value] of Object.entries({ ...form.fields, ...more }))
      data.append(name, value)
    data.append('file', new Blob([content]), 'a file.bin')
    return fetch(form.url, { method: 'POST', body: data, redirect: 'manual' })
  }
  const plain = await post({})
  t.equal(plain.status, 204, await plain.text())
  t.match(rig.sandbox.inspect('bucket', 'forms/a file.bin'), {
    size: content.length,
    encryption: 'aws:kms',
    keyId: KEY,
  })
  const created = await post({
    success_action_status: '201',
    'x-amz-server-side-encryption': 'AES256',
  })
  const text = await created.text()
  t.equal(created.status, 201, text)
  t.match(text, `<Location>${rig.url}/bucket/forms/a%20file.bin</Location>`)
  t.match(rig.sandbox.inspect('bucket', 'forms/a file.bin'), { encryption: 'aws:kms', keyId: KEY })
  const redirected = await post({ success_action_redirect: 'http://example.test/done?x=1' })
  t.equal(redirected.status, 303)
  t.match(
    redirected.headers.get('location'),
    'http://example.test/done?x=1&bucket=bucket&key=forms%2Fa%20file.bin&etag=',
  )
  const large = await post({}, [['content-length-range', 0, 1000]])
  t.equal(large.status, 400)
  t.match(await large.text(), '<Code>EntityTooLarge</Code>')
  const extra = await post({}, [], { 'x-amz-server-side-encryption-aws-kms-key-id': OTHER_KEY })
  t.equal(extra.status, 403)
  t.match(await extra.text(), 'Extra input fields')
})

t.test('the minio client works with its default settings', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const minio = new MinioClient({
    endPoint: '127.0.0.1',
    port: rig.port,
    useSSL: false,
    accessKey: CLIENT.accessKeyId,
    secretKey: CLIENT.secretAccessKey,
    region: REGION,
    pathStyle: true,
  })
  const body = randomBytes(200_000)
  await minio.putObject('bucket', 'minio/stream', Readable.from([body]))
  await minio.putObject('bucket', 'minio/buffer', body)
  t.match(rig.sandbox.inspect('bucket', 'minio/stream'), { encryption: 'aws:kms', keyId: KEY })
  t.match(rig.sandbox.inspect('bucket', 'minio/buffer'), { encryption: 'aws:kms', keyId: KEY })
  const chunks: Buffer[] = []
  for await (const chunk of await minio.getObject('bucket', 'minio/stream')) chunks.push(chunk)
  t.ok(Buffer.concat(chunks).equals(body))
})

t.test('an upload that is not confirmed is written once, and says so', async (t) => {
  const rig = await startRig({ sandbox: { quirks: { wrongKey: OTHER_KEY } } })
  t.teardown(() => rig.close())
  const s3 = clientOf(rig)
  t.teardown(() => s3.destroy())
  const put = new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'once' })
  await t.rejects(s3.send(put), {
    name: 'EncryptionNotConfirmed',
    message: /\(Sealgate: encryption-not-confirmed; the object may have been stored/,
    $metadata: { httpStatusCode: 501, attempts: 1 },
  })
  t.equal(rig.received.filter(({ method }) => method === 'PUT').length, 1)
  t.equal((await rig.audit()).length, 1)
})
