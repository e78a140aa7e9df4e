import { readFileSync } from 'node:fs'
import type { ClientUnderTest } from './client-under-test.ts'
import { debianVersion } from './debian-version.ts'
import { mustEqual, type Scene } from './scene.ts'

function aws(scene: Scene, ...args: readonly string[]): Promise<string> {
  return scene.command('/usr/bin/aws', ['--endpoint-url', scene.endpoint, ...args])
}

async function put(scene: Scene, key: string, bytes: number, ...args: readonly string[]) {
  const path = scene.file(key, bytes)
  await aws(scene, 's3', 'cp', '--no-progress', path, `s3://${scene.bucket}/${key}`, ...args)
  scene.holds(key, path)
  return path
}

/** The aws command line, version 2. */
export const AWSCLI: ClientUnderTest = {
  name: 'awscli',
  from: 'Debian 12',
  version: () => debianVersion('awscli'),
  settings: [
    '`AWS_ENDPOINT_URL_S3=http://SEALGATE` (from 2.13; before: `--endpoint-url`); path style follows for an address, else `aws configure set s3.addressing_style path`; presigned URLs of awscli 1 in us-east-1: `aws configure set s3.signature_version s3v4`',
    '`AWS_CA_BUNDLE=/path/ca.pem`',
  ],
  features: {
    upload: async (scene) => {
      const path = await put(scene, 'small.bin', 5000)
      const back = scene.path('small.back')
      await aws(scene, 's3', 'cp', '--no-progress', `s3://${scene.bucket}/small.bin`, back)
      scene.same(path, back)
    },
    multipart: async (scene) => {
      const path = scene.largeFile()
      await aws(scene, 's3', 'cp', '--no-progress', path, `s3://${scene.bucket}/large.bin`)
      scene.holds('large.bin', path)
      const back = scene.path('large.back')
      await aws(scene, 's3', 'cp', '--no-progress', `s3://${scene.bucket}/large.bin`, back)
      scene.same(path, back)
    },
    stream: async (scene) => {
      const path = scene.file('stream.bin', 300_000)
      const args = [
        '--endpoint-url',
        scene.endpoint,
        's3',
        'cp',
        '-',
        `s3://${scene.bucket}/stream.bin`,
      ]
      await scene.command('/usr/bin/aws', args, { input: path })
      scene.holds('stream.bin', path)
    },
    sync: async (scene) => {
      const files = scene.tree('tree')
      const target = `s3://${scene.bucket}/tree/`
      await aws(scene, 's3', 'sync', '--no-progress', scene.path('tree'), target)
      for (const file of files) scene.holds(`tree/${file}`, scene.path(`tree/${file}`))
      const again = await aws(scene, 's3', 'sync', '--no-progress', scene.path('tree'), target)
      mustEqual(again, '', 'a second sync has nothing to do')
      await aws(scene, 's3', 'sync', '--no-progress', target, scene.path('tree.back'))
      scene.sameTree('tree', 'tree.back')
    },
    copy: async (scene) => {
      const path = await scene.seed('copy-source.bin', 5000)
      const bucket = `s3://${scene.bucket}`
      await aws(scene, 's3', 'cp', `${bucket}/copy-source.bin`, `${bucket}/copied.bin`)
      scene.holds('copied.bin', path)
    },
    // A Python start for each command: what follows uses what the features above stored.
    'part copy': async (scene) => {
      const at = ['--bucket', scene.bucket, '--key', 'part-copied.bin', '--output', 'text']
      const begin = ['create-multipart-upload', ...at, '--query', 'UploadId']
      const id = (await aws(scene, 's3api', ...begin)).trim()
      const upload = [...at, '--upload-id', id]
      const source = ['--copy-source', `${scene.bucket}/large.bin`, '--part-number', '1']
      const query = ['--query', 'CopyPartResult.ETag']
      const etag = await aws(scene, 's3api', 'upload-part-copy', ...upload, ...source, ...query)
      const parts = { Parts: [{ PartNumber: 1, ETag: etag.trim() }] }
      const list = ['--multipart-upload', JSON.stringify(parts)]
      await aws(scene, 's3api', 'complete-multipart-upload', ...upload, ...list)
      scene.holds('part-copied.bin', scene.path('large.bin'))
    },
    list: async (scene) => {
      const listed = await aws(scene, 's3', 'ls', '--recursive', `s3://${scene.bucket}/small`)
      mustEqual(listed.trim().split(/\s+/).slice(2), ['5000', 'small.bin'], 'aws s3 ls')
    },
    range: async (scene) => {
      const back = scene.path('range.back')
      const at = ['--bucket', scene.bucket, '--key', 'small.bin', '--range', 'bytes=100-299']
      await aws(scene, 's3api', 'get-object', ...at, back)
      const part = readFileSync(scene.path('small.bin')).subarray(100, 300)
      mustEqual(readFileSync(back).equals(part), true, 'the range')
    },
    delete: async (scene) => {
      await put(scene, 'delete/me', 10)
      await aws(scene, 's3', 'rm', '--recursive', `s3://${scene.bucket}/delete/`)
      scene.holdsNot('delete/me')
    },
    presign: async (scene) => {
      const url = await aws(scene, 's3', 'presign', `s3://${scene.bucket}/small.bin`)
      const answer = await fetch(url.trim())
      mustEqual(answer.status, 200, 'status of the URL')
      const data = readFileSync(scene.path('small.bin'))
      const same = Buffer.from(await answer.arrayBuffer()).equals(data)
      mustEqual(same, true, 'content of the URL')
    },
    'other encryption': async (scene) => {
      await put(scene, 'sse/aes256', 100, '--sse', 'AES256')
      const two = scene.access.kms.two
      await put(scene, 'sse/other-key', 100, '--sse', 'aws:kms', '--sse-kms-key-id', two)
      const large = scene.largeFile('sse-large.bin')
      await aws(
        scene,
        's3',
        'cp',
        '--no-progress',
        '--sse',
        'AES256',
        large,
        `s3://${scene.bucket}/sse/large`,
      )
      scene.holds('sse/large', large)
    },
    TLS: async (scene) => {
      const path = scene.file('tls.bin', 4000)
      const args = ['--endpoint-url', scene.tls.endpoint, 's3', 'cp', '--no-progress']
      const env = { AWS_CA_BUNDLE: scene.tls.caFile }
      const target = `s3://${scene.bucket}/tls.bin`
      await scene.command('/usr/bin/aws', [...args, path, target], { env })
      scene.holds('tls.bin', path)
    },
  },
}
