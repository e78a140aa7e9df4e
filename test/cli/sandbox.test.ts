import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { HeadObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t from 'tap'
import { Program } from '../support/program.ts'
import { run } from './fake-terminal.ts'

const READY = /embedded S3 at (http:\/\/127\.0\.0\.1:\d+), data in (\S+)/

t.test('the sandbox is an S3 that the lines it prints open, until SIGTERM', async (t) => {
  const data = join(t.testdir(), 'data')
  const program = Program.sealgate(['sandbox', '--address', '127.0.0.1:0', '--data', data])
  t.teardown(() => program.close())
  const [, endpoint = ''] = await program.waitFor(READY)
  const [, accessKeyId = ''] = await program.waitFor(/access key (\S+)/)
  const [, secretAccessKey = ''] = await program.waitFor(/secret +(\S+)/)
  const [, region = '', Bucket = ''] = await program.waitFor(/region +(\S+), bucket (\S+)/)
  const [, SSEKMSKeyId = ''] = await program.waitFor(/KMS key +(\S+)/)
  const s3 = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  })
  t.teardown(() => s3.destroy())
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: 'k',
      Body: 'x',
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId,
    }),
  )
  t.match(await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })), {
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId,
  })
  t.equal(await program.stop(), 0)
  t.ok(existsSync(data), 'a named folder stays')
})

t.test('buckets, region, KMS keys and quirks are as the options say', async (t) => {
  const key = (digit: number) =>
    `arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-00000000000${digit}`
  const program = Program.sealgate([
    ...['sandbox', '--address', '127.0.0.1:0', '--region', 'eu-west-1'],
    ...['--bucket', 'one-b', '--bucket', 'two-b', '--quirk', 'silentPut', '--quirk', 'slowDown=2'],
    ...['--kms-key', key(1), '--kms-key', `${key(2)}=disabled`],
  ])
  t.teardown(() => program.close())
  const [, endpoint = ''] = await program.waitFor(READY)
  const [, accessKeyId = ''] = await program.waitFor(/access key (\S+)/)
  const [, secretAccessKey = ''] = await program.waitFor(/secret +(\S+)/)
  await program.waitFor(/region +eu-west-1, bucket one-b, two-b/)
  await program.waitFor(/KMS key +\S+2 \(disabled\)/)
  const s3 = new S3Client({
    endpoint,
    region: 'eu-west-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  t.teardown(() => s3.destroy())
  const put = (Bucket: string, SSEKMSKeyId: string) => {
    const encryption = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId } as const
    return s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...encryption }))
  }
  for (const _ of [1, 2]) await t.rejects(put('one-b', key(1)), { name: 'SlowDown' })
  t.equal((await put('two-b', key(1))).SSEKMSKeyId, undefined, 'silentPut')
  await t.rejects(put('one-b', key(2)), { name: 'KMS.DisabledException' })
  t.equal(await program.stop(), 0)
})

t.test('a folder that nobody named goes with the sandbox', async (t) => {
  const program = Program.sealgate(['sandbox', '--address', '127.0.0.1:0'])
  t.teardown(() => program.close())
  const [, , data = ''] = await program.waitFor(READY)
  t.ok(existsSync(data))
  t.equal(await program.stop(), 0)
  t.notOk(existsSync(data))
})

t.test('a port in use exits 1 and says so', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  t.match(await run(['sandbox', '--address', `127.0.0.1:${port}`]), {
    code: 1,
    stderr: `sealgate: 127.0.0.1:${port} is in use by another program. Stop it, or change the address in --address or --data.\n`,
  })
})
