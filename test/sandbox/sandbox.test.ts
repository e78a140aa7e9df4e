import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import t from 'tap'
import { sdkClient } from './sdk-client.ts'
import { BUCKET, KEY, startTestSandbox } from './start-test-sandbox.ts'

t.test('the AWS SDK with default settings does a day of work', async (t) => {
  const { sandbox } = await startTestSandbox(t, { now: Date.now })
  const s3 = sdkClient(t, sandbox)
  const body = randomBytes(100_000)
  const put = await s3.send(
    new PutObjectCommand({
      Bucket: BUCKET,
      Key: 'a/b.bin',
      Body: body,
      ContentType: 'image/png',
      Metadata: { colour: 'red' },
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: KEY,
      BucketKeyEnabled: true,
    }),
  )
  t.match(put, { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY, BucketKeyEnabled: true })
  t.type(put.ChecksumCRC32, 'string')
  const get = await s3.send(
    new GetObjectCommand({ Bucket: BUCKET, Key: 'a/b.bin', ChecksumMode: 'ENABLED' }),
  )
  t.ok(body.equals((await get.Body?.transformToByteArray()) ?? Buffer.alloc(0)))
  t.match(get, { ContentType: 'image/png', Metadata: { colour: 'red' }, SSEKMSKeyId: KEY })
  await s3.send(
    new CopyObjectCommand({ Bucket: BUCKET, Key: 'copy', CopySource: `${BUCKET}/a/b.bin` }),
  )
  const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'copy' }))
  t.equal(head.ServerSideEncryption, 'AES256', 'a copy falls to the default of its bucket')
  const list = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET }))
  t.strictSame(
    list.Contents?.map(({ Key }) => Key),
    ['a/b.bin', 'copy'],
  )
  await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'copy' }))
  t.strictSame(sandbox.list(BUCKET), ['a/b.bin'])
  t.match(sandbox.inspect(BUCKET, 'a/b.bin'), {
    size: 100_000,
    encryption: 'aws:kms',
    keyId: KEY,
    bucketKey: true,
    metadata: { colour: 'red' },
  })
})

t.test('the SDK uploads a stream in parts', async (t) => {
  const { sandbox } = await startTestSandbox(t, { now: Date.now })
  const pieces = [randomBytes(6_000_000), randomBytes(6_000_000)]
  const upload = new Upload({
    client: sdkClient(t, sandbox),
    params: { Bucket: BUCKET, Key: 'large', Body: Readable.from(pieces) },
  })
  const done = await upload.done()
  t.match(done.ETag, /-3"$/)
  t.equal(sandbox.inspect(BUCKET, 'large')?.size, 12_000_000)
  const get = await sdkClient(t, sandbox).send(
    new GetObjectCommand({ Bucket: BUCKET, Key: 'large' }),
  )
  const octets = await get.Body?.transformToByteArray()
  t.ok(Buffer.concat(pieces).equals(octets ?? Buffer.alloc(0)))
})
