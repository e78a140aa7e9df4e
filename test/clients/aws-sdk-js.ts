import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { ClientUnderTest } from './client-under-test.ts'
import { npmVersion } from './npm-version.ts'
import { mustEqual, type Scene } from './scene.ts'

/** The SDK with its default settings, addressing style apart. */
async function withClient<T>(scene: Scene, use: (client: S3Client) => Promise<T>): Promise<T> {
  const client = new S3Client({
    endpoint: scene.endpoint,
    region: scene.access.region,
    // A copy: the SDK writes into it.
    credentials: { ...scene.access.keys },
    forcePathStyle: true,
    maxAttempts: 1,
  })
  try {
    return await use(client)
  } finally {
    client.destroy()
  }
}

async function put(
  scene: Scene,
  client: S3Client,
  key: string,
  bytes: number,
  more: Partial<PutObjectCommandInput> = {},
): Promise<Buffer> {
  const data = readFileSync(scene.file('put.bin', bytes))
  await client.send(new PutObjectCommand({ Bucket: scene.bucket, Key: key, Body: data, ...more }))
  scene.holds(key, data)
  return data
}

async function get(scene: Scene, client: S3Client, key: string, range?: string): Promise<Buffer> {
  const input = { Bucket: scene.bucket, Key: key, ...(range && { Range: range }) }
  const { Body } = await client.send(new GetObjectCommand(input))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

async function uploadStream(scene: Scene, client: S3Client, key: string, path: string) {
  const data = readFileSync(path)
  const upload = new Upload({
    client,
    params: { Bucket: scene.bucket, Key: key, Body: Readable.from(piecesOf(data)) },
  })
  await upload.done()
  scene.holds(key, data)
}

function* piecesOf(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += 50_000) yield data.subarray(at, at + 50_000)
}

/** The AWS SDK for JavaScript, version 3, with lib-storage, the presigner and presigned posts. */
export const AWS_SDK_JS: ClientUnderTest = {
  name: '@aws-sdk/client-s3',
  from: 'npm',
  version: () => npmVersion('@aws-sdk/client-s3'),
  settings: [
    '`AWS_ENDPOINT_URL_S3=http://SEALGATE` and `forcePathStyle: true`',
    '`NODE_EXTRA_CA_CERTS=/path/ca.pem`; an S3 server that does not know trailing checksums: `upstream.trailers: terminate`',
  ],
  features: {
    upload: (scene) =>
      withClient(scene, async (client) => {
        const data = await put(scene, client, 'small ü.bin', 4000)
        await put(scene, client, 'none.bin', 0)
        mustEqual((await get(scene, client, 'small ü.bin')).equals(data), true, 'what came back')
      }),
    multipart: (scene) =>
      withClient(scene, async (client) => {
        const path = scene.largeFile()
        await uploadStream(scene, client, 'large.bin', path)
        const back = await get(scene, client, 'large.bin')
        mustEqual(back.equals(readFileSync(path)), true, 'what came back')
      }),
    stream: (scene) =>
      withClient(scene, async (client) => {
        const data = readFileSync(scene.file('stream.bin', 300_000))
        const Body = Readable.from(piecesOf(data))
        const input = { Bucket: scene.bucket, Key: 'stream.bin', Body, ContentLength: data.length }
        await client.send(new PutObjectCommand(input))
        scene.holds('stream.bin', data)
        await uploadStream(scene, client, 'stream-unknown.bin', scene.file('stream.bin', 300_000))
      }),
    sync: (scene) =>
      withClient(scene, async (client) => {
        const files = scene.tree('tree')
        for (const file of files) {
          const data = readFileSync(scene.path(`tree/${file}`))
          const input = { Bucket: scene.bucket, Key: `tree/${file}`, Body: data }
          await client.send(new PutObjectCommand(input))
          scene.holds(`tree/${file}`, data)
          const back = await get(scene, client, `tree/${file}`)
          mustEqual(back.equals(data), true, file)
        }
      }),
    copy: (scene) =>
      withClient(scene, async (client) => {
        const data = readFileSync(await scene.seed('copy-source.bin', 5000))
        const source = `${scene.bucket}/copy-source.bin`
        const at = { Bucket: scene.bucket, Key: 'copied.bin' }
        await client.send(new CopyObjectCommand({ ...at, CopySource: source }))
        scene.holds('copied.bin', data)
      }),
    'part copy': (scene) =>
      withClient(scene, async (client) => {
        const data = await put(scene, client, 'part-source.bin', 6 << 20)
        const at = { Bucket: scene.bucket, Key: 'part-copied.bin' }
        const { UploadId } = await client.send(new CreateMultipartUploadCommand(at))
        const one = { ...at, UploadId, PartNumber: 1 }
        const source = `${scene.bucket}/part-source.bin`
        const copied = await client.send(new UploadPartCopyCommand({ ...one, CopySource: source }))
        const Parts = [{ PartNumber: 1, ETag: copied.CopyPartResult?.ETag }]
        const whole = { ...at, UploadId, MultipartUpload: { Parts } }
        await client.send(new CompleteMultipartUploadCommand(whole))
        scene.holds('part-copied.bin', data)
      }),
    list: (scene) =>
      withClient(scene, async (client) => {
        for (let i = 0; i < 5; i++) await put(scene, client, `list/${i}`, i)
        const keys: (string | undefined)[] = []
        const input = { Bucket: scene.bucket, Prefix: 'list/', MaxKeys: 2 }
        for await (const page of paginateListObjectsV2({ client }, input)) {
          keys.push(...(page.Contents ?? []).map((one) => one.Key))
        }
        mustEqual(keys, ['list/0', 'list/1', 'list/2', 'list/3', 'list/4'], 'the pages')
      }),
    range: (scene) =>
      withClient(scene, async (client) => {
        const data = await put(scene, client, 'range.bin', 5000)
        const part = await get(scene, client, 'range.bin', 'bytes=100-299')
        mustEqual(part.equals(data.subarray(100, 300)), true, 'the range')
      }),
    delete: (scene) =>
      withClient(scene, async (client) => {
        await put(scene, client, 'delete/one', 1)
        await put(scene, client, 'delete/two', 2)
        await client.send(new DeleteObjectCommand({ Bucket: scene.bucket, Key: 'delete/one' }))
        const Delete = { Objects: [{ Key: 'delete/two' }] }
        await client.send(new DeleteObjectsCommand({ Bucket: scene.bucket, Delete }))
        scene.holdsNot('delete/one')
        scene.holdsNot('delete/two')
      }),
    presign: (scene) =>
      withClient(scene, async (client) => {
        const at = { Bucket: scene.bucket, Key: 'presign ü.bin' }
        const data = readFileSync(scene.file('presign.bin', 500))
        const url = await getSignedUrl(client, new PutObjectCommand(at))
        const stored = await fetch(url, { method: 'PUT', body: new Uint8Array(data) })
        mustEqual(stored.status, 200, `status of the PUT: ${await stored.text()}`)
        scene.holds('presign ü.bin', data)
        const read = await fetch(await getSignedUrl(client, new GetObjectCommand(at)))
        mustEqual(Buffer.from(await read.arrayBuffer()).equals(data), true, 'content of the URL')
      }),
    form: (scene) =>
      withClient(scene, async (client) => {
        const { url, fields } = await createPresignedPost(client, {
          Bucket: scene.bucket,
          Key: 'form ü.bin',
          Conditions: [['content-length-range', 1, 1000]],
        })
        const data = readFileSync(scene.file('form.bin', 500))
        const form = new FormData()
        for (const [name, value] of Object.entries(fields)) form.append(name, value)
        form.append('file', new Blob([new Uint8Array(data)]), 'x')
        const answer = await fetch(url, { method: 'POST', body: form })
        mustEqual(answer.status, 204, `status of the form: ${await answer.text()}`)
        scene.holds('form ü.bin', data)
      }),
    'other encryption': (scene) =>
      withClient(scene, async (client) => {
        await put(scene, client, 'sse/aes256', 100, { ServerSideEncryption: 'AES256' })
        await put(scene, client, 'sse/other-key', 100, {
          ServerSideEncryption: 'aws:kms',
          SSEKMSKeyId: scene.access.kms.two,
        })
      }),
    // With the environment alone, as a program that cannot be changed is pointed at Sealgate.
    TLS: async (scene) => {
      const path = scene.file('tls.bin', 4000)
      const program = fileURLToPath(new URL('./aws-sdk-js-client.js', import.meta.url))
      await scene.command(process.execPath, [program, scene.bucket, 'tls.bin', path], {
        env: {
          AWS_ENDPOINT_URL_S3: scene.tls.endpoint,
          NODE_EXTRA_CA_CERTS: scene.tls.caFile,
        },
      })
      scene.holds('tls.bin', path)
    },
  },
}
