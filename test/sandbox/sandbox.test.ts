import { createHash, randomBytes } from 'node:crypto'
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
import { Client as MinioClient } from 'minio'
import t from 'tap'
import { sdkClient } from './sdk-client.ts'
import { send } from './send.ts'
import {
  ACCOUNT,
  BUCKET,
  KEY,
  REGION,
  startTestSandbox,
  temporaryFolder,
} from './start-test-sandbox.ts'

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

t.test('the minio client, which signs and chunks in its own way, works too', async (t) => {
  const { sandbox } = await startTestSandbox(t, { now: Date.now })
  const minio = new MinioClient({
    endPoint: '127.0.0.1',
    port: sandbox.port,
    useSSL: false,
    accessKey: ACCOUNT.accessKeyId,
    secretKey: ACCOUNT.secretAccessKey,
    region: REGION,
  })
  const keys = [
    'a//b',
    './x',
    '../x',
    '%2e%2e/x',
    'a%2Fb',
    'ü/日本',
    'a;b=c&d',
    'a+b c',
    'x'.repeat(1024),
  ]
  for (const key of keys) await minio.putObject(BUCKET, key, Buffer.from(key))
  t.strictSame([...sandbox.list(BUCKET)].sort(), keys.toSorted())
  const pieces: Buffer[] = []
  for await (const piece of await minio.getObject(BUCKET, 'ü/日本')) pieces.push(piece as Buffer)
  t.equal(Buffer.concat(pieces).toString(), 'ü/日本')
  await minio.makeBucket('bucket-three')
  t.ok(await minio.bucketExists('bucket-three'))
})

t.test('data outlives the sandbox; the port is freed', async (t) => {
  const first = await startTestSandbox(t)
  await send(first.sandbox, { method: 'PUT', target: `/${BUCKET}/key`, body: 'kept' })
  const { port } = first.sandbox
  await first.sandbox.close()
  const { sandbox } = await startTestSandbox(t, { dataDir: first.dataDir, port })
  t.equal(sandbox.port, port)
  t.equal((await send(sandbox, { target: `/${BUCKET}/key` })).body, 'kept')
})

t.test('the handle tells what is stored and what came', async (t) => {
  const { sandbox, requests } = await startTestSandbox(t)
  t.equal(sandbox.inspect(BUCKET, 'none'), undefined)
  t.equal(sandbox.inspect('none', 'none'), undefined)
  t.strictSame(sandbox.list('none'), [])
  t.equal(sandbox.url, `http://127.0.0.1:${sandbox.port}`)
  t.match(sandbox.managedKeyArn, /^arn:aws:kms:eu-central-1:/)
  await send(sandbox, { target: `/${BUCKET}/a//%2e%2e/b`, canonicalPath: `/${BUCKET}/a//../b` })
  t.match(requests, [{ method: 'GET', rawTarget: `/${BUCKET}/a//%2e%2e/b` }])
  t.ok(requests[0]?.rawHeaders.includes('x-amz-date'))
})

t.test('what cannot start says why', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const dataDir = temporaryFolder(t)
  await t.rejects(startTestSandbox(t, { port: sandbox.port, dataDir }), { code: 'EADDRINUSE' })
  await t.rejects(startTestSandbox(t, { buckets: ['No'] }), { message: /"No" is no bucket name/ })
})

t.test('versions, locks, ACLs and annotations are there after a restart', async (t) => {
  const { sandbox, dataDir } = await startTestSandbox(t)
  const bucket = '/bucket-locked'
  const target = `${bucket}/key`
  const lockHeader = { 'x-amz-bucket-object-lock-enabled': 'true' }
  await send(sandbox, { method: 'PUT', target: bucket, headers: lockHeader })
  const headers = {
    'content-md5': createHash('md5').update('one').digest('base64'),
    'x-amz-acl': 'public-read',
    'x-amz-object-lock-legal-hold': 'ON',
    'x-amz-storage-class': 'GLACIER',
  }
  const put = await send(sandbox, { method: 'PUT', target, body: 'one', headers })
  const version = `versionId=${put.headers['x-amz-version-id']}`
  const annotation = `${target}?annotation&annotationName=n&${version}`
  await send(sandbox, { method: 'PUT', target: annotation, body: 'note' })
  await send(sandbox, { method: 'DELETE', target })
  await sandbox.close()
  const { sandbox: again } = await startTestSandbox(t, { dataDir })
  const ask = (method: string, at: string) => send(again, { method, target: at })
  t.strictSame(
    again.versions('bucket-locked').map(({ isDeleteMarker }) => isDeleteMarker),
    [true, false],
  )
  t.equal((await ask('GET', annotation)).body, 'note')
  t.match((await ask('GET', `${target}?acl&${version}`)).body, /AllUsers/)
  t.equal((await ask('GET', `${target}?${version}`)).code, 'InvalidObjectState')
  t.equal((await ask('DELETE', `${target}?${version}`)).code, 'AccessDenied')
  const next = await send(again, {
    method: 'PUT',
    target,
    body: 'one',
    headers: { 'content-md5': headers['content-md5'] },
  })
  t.equal(next.status, 200)
  t.equal((await ask('GET', target)).body, 'one', 'the new one is the newest')
})
