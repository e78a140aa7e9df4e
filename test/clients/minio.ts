import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { Readable } from 'node:stream'
import { Client, CopyConditions } from 'minio'
import type { ClientUnderTest } from './client-under-test.ts'
import { npmVersion } from './npm-version.ts'
import { mustEqual, type Scene } from './scene.ts'

const SSE = 'x-amz-server-side-encryption'

function clientOf(scene: Scene): Client {
  return new Client({
    endPoint: scene.access.address.host,
    port: scene.access.address.port,
    useSSL: false,
    accessKey: scene.access.keys.accessKeyId,
    secretKey: scene.access.keys.secretAccessKey,
    region: scene.access.region,
    partSize: 5 << 20,
  })
}

/** Over TLS. The authority is given here because this process is already running. */
function tlsClientOf(scene: Scene): Client {
  const { port, caFile } = scene.access.tls ?? { port: 0, caFile: '' }
  return new Client({
    endPoint: scene.access.address.host,
    port,
    useSSL: true,
    accessKey: scene.access.keys.accessKeyId,
    secretKey: scene.access.keys.secretAccessKey,
    region: scene.access.region,
    transportAgent: new Agent({ ca: readFileSync(caFile) }),
  })
}

async function put(
  scene: Scene,
  key: string,
  bytes: number,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Buffer> {
  const data = readFileSync(scene.file('put.bin', bytes))
  await clientOf(scene).putObject(scene.bucket, key, data, data.length, metadata)
  scene.holds(key, data)
  return data
}

async function collect(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

/** MinIO's JavaScript client. */
export const MINIO: ClientUnderTest = {
  name: 'minio',
  from: 'npm',
  version: () => npmVersion('minio'),
  settings: [
    "`new Client({ endPoint: 'SEALGATE', port, useSSL: false, region })`; path style is its default",
    '`NODE_EXTRA_CA_CERTS=/path/ca.pem`',
  ],
  features: {
    upload: async (scene) => {
      const data = await put(scene, 'small ü.bin', 4000)
      await put(scene, 'none.bin', 0)
      const back = await collect(await clientOf(scene).getObject(scene.bucket, 'small ü.bin'))
      mustEqual(back.equals(data), true, 'what came back')
    },
    multipart: async (scene) => {
      const path = scene.largeFile()
      await clientOf(scene).fPutObject(scene.bucket, 'large.bin', path)
      scene.holds('large.bin', path)
      const back = scene.path('large.back')
      await clientOf(scene).fGetObject(scene.bucket, 'large.bin', back)
      scene.same(path, back)
    },
    stream: async (scene) => {
      const path = scene.largeFile('stream.bin')
      const stream = Readable.from([readFileSync(path)])
      await clientOf(scene).putObject(scene.bucket, 'stream.bin', stream)
      scene.holds('stream.bin', path)
    },
    sync: async (scene) => {
      for (const file of scene.tree('tree')) {
        const path = scene.path(`tree/${file}`)
        await clientOf(scene).fPutObject(scene.bucket, `tree/${file}`, path)
        scene.holds(`tree/${file}`, path)
        await clientOf(scene).fGetObject(scene.bucket, `tree/${file}`, scene.path(`back/${file}`))
      }
      scene.sameTree('tree', 'back')
    },
    copy: async (scene) => {
      const data = readFileSync(await scene.seed('copy-source.bin', 5000))
      const source = `/${scene.bucket}/copy-source.bin`
      const client = clientOf(scene)
      await client.copyObject(scene.bucket, 'copied.bin', source, new CopyConditions())
      scene.holds('copied.bin', data)
    },
    list: async (scene) => {
      for (let i = 0; i < 5; i++) await put(scene, `list/${i}`, i)
      const keys: unknown[] = []
      const stream = clientOf(scene).listObjectsV2(scene.bucket, 'list/', true)
      for await (const one of stream) keys.push(Object(one).name)
      mustEqual(keys, ['list/0', 'list/1', 'list/2', 'list/3', 'list/4'], 'the listing')
    },
    range: async (scene) => {
      const data = await put(scene, 'range.bin', 5000)
      const stream = await clientOf(scene).getPartialObject(scene.bucket, 'range.bin', 100, 200)
      mustEqual((await collect(stream)).equals(data.subarray(100, 300)), true, 'the range')
    },
    delete: async (scene) => {
      await put(scene, 'delete/one', 1)
      await put(scene, 'delete/two', 2)
      await clientOf(scene).removeObject(scene.bucket, 'delete/one')
      await clientOf(scene).removeObjects(scene.bucket, ['delete/two'])
      scene.holdsNot('delete/one')
      scene.holdsNot('delete/two')
    },
    presign: async (scene) => {
      const data = readFileSync(scene.file('presign.bin', 500))
      const url = await clientOf(scene).presignedPutObject(scene.bucket, 'presign ü.bin')
      const stored = await fetch(url, { method: 'PUT', body: new Uint8Array(data) })
      mustEqual(stored.status, 200, `status of the PUT: ${await stored.text()}`)
      scene.holds('presign ü.bin', data)
      const read = await fetch(
        await clientOf(scene).presignedGetObject(scene.bucket, 'presign ü.bin'),
      )
      mustEqual(Buffer.from(await read.arrayBuffer()).equals(data), true, 'content of the URL')
    },
    form: async (scene) => {
      const client = clientOf(scene)
      const policy = client.newPostPolicy()
      policy.setBucket(scene.bucket)
      policy.setKey('form.bin')
      policy.setExpires(new Date(Date.now() + 600_000))
      const { postURL, formData } = await client.presignedPostPolicy(policy)
      const data = readFileSync(scene.file('form.bin', 500))
      const form = new FormData()
      for (const [name, value] of Object.entries(formData)) form.append(name, String(value))
      form.append('file', new Blob([new Uint8Array(data)]), 'x')
      const answer = await fetch(postURL, { method: 'POST', body: form })
      mustEqual(answer.status, 204, `status of the form: ${await answer.text()}`)
      scene.holds('form.bin', data)
    },
    'other encryption': async (scene) => {
      await put(scene, 'sse/aes256', 100, { [SSE]: 'AES256' })
      const keyId = `${SSE}-aws-kms-key-id`
      await put(scene, 'sse/key', 100, { [SSE]: 'aws:kms', [keyId]: scene.access.kms.two })
    },
    TLS: async (scene) => {
      const data = readFileSync(scene.file('tls.bin', 4000))
      await tlsClientOf(scene).putObject(scene.bucket, 'tls.bin', data)
      scene.holds('tls.bin', data)
    },
  },
}
