import { writeFileSync } from 'node:fs'
import type { ClientUnderTest } from './client-under-test.ts'
import { debianVersion } from './debian-version.ts'
import { mustEqual, type Scene } from './scene.ts'

function rclone(scene: Scene, ...args: readonly string[]): Promise<string> {
  return scene.command('/usr/bin/rclone', ['--config=', ...args], { env: settings(scene) })
}

function settings(scene: Scene): Record<string, string> {
  return {
    RCLONE_CONFIG_S3_TYPE: 's3',
    RCLONE_CONFIG_S3_PROVIDER: 'Other',
    RCLONE_CONFIG_S3_ENV_AUTH: 'true',
    RCLONE_CONFIG_S3_REGION: scene.access.region,
    RCLONE_CONFIG_S3_ENDPOINT: scene.endpoint,
    // The bucket is there: a client need not have the right to make it.
    RCLONE_CONFIG_S3_NO_CHECK_BUCKET: 'true',
    // Under SSE-KMS the ETag is no MD5; rclone takes this as the sign of it.
    RCLONE_CONFIG_S3_SERVER_SIDE_ENCRYPTION: 'aws:kms',
    RCLONE_CONFIG_S3_SSE_KMS_KEY_ID: scene.access.kms.one,
  }
}

async function put(scene: Scene, key: string, bytes: number, ...args: readonly string[]) {
  const path = scene.file(key, bytes)
  await rclone(scene, 'copyto', ...args, path, `s3:${scene.bucket}/${key}`)
  scene.holds(key, path)
  return path
}

/** rclone. */
export const RCLONE: ClientUnderTest = {
  name: 'rclone',
  from: 'Debian 12',
  version: () => debianVersion('rclone'),
  settings: [
    '`provider = Other`, `endpoint = http://SEALGATE`, `region = …`, `no_check_bucket = true`',
    '`--ca-cert /path/ca.pem` (leave `AWS_CA_BUNDLE` unset); `server_side_encryption = aws:kms` tells rclone that an ETag is no MD5 (otherwise `--ignore-checksum`)',
  ],
  features: {
    upload: async (scene) => {
      const path = await put(scene, 'small.bin', 4000)
      await put(scene, 'none.bin', 0)
      const back = scene.path('small.back')
      await rclone(scene, 'copyto', `s3:${scene.bucket}/small.bin`, back)
      scene.same(path, back)
    },
    multipart: async (scene) => {
      const path = scene.largeFile()
      const target = `s3:${scene.bucket}/large.bin`
      await rclone(scene, 'copyto', '--s3-upload-cutoff=5M', '--s3-chunk-size=5M', path, target)
      scene.holds('large.bin', path)
      const back = scene.path('large.back')
      await rclone(scene, 'copyto', target, back)
      scene.same(path, back)
    },
    stream: async (scene) => {
      const path = scene.file('stream.bin', 300_000)
      const target = `s3:${scene.bucket}/stream.bin`
      const args = ['--config=', '--streaming-upload-cutoff=100k', 'rcat', target]
      await scene.command('/usr/bin/rclone', args, { env: settings(scene), input: path })
      scene.holds('stream.bin', path)
    },
    sync: async (scene) => {
      const files = scene.tree('tree')
      const target = `s3:${scene.bucket}/tree`
      await rclone(scene, 'sync', scene.path('tree'), target)
      for (const file of files) scene.holds(`tree/${file}`, scene.path(`tree/${file}`))
      await rclone(scene, 'check', '--download', scene.path('tree'), target)
      await rclone(scene, 'sync', target, scene.path('tree.back'))
      scene.sameTree('tree', 'tree.back')
    },
    copy: async (scene) => {
      const path = await scene.seed('copy-source.bin', 5000)
      const bucket = `s3:${scene.bucket}`
      await rclone(
        scene,
        'copyto',
        '--retries=1',
        '--low-level-retries=1',
        `${bucket}/copy-source.bin`,
        `${bucket}/copied.bin`,
      )
      scene.holds('copied.bin', path)
    },
    list: async (scene) => {
      await put(scene, 'list/one', 10)
      await put(scene, 'list/two', 20)
      const listed = await rclone(scene, 'lsf', `s3:${scene.bucket}/list`)
      mustEqual(listed.trim().split('\n'), ['one', 'two'], 'rclone lsf')
    },
    range: async (scene) => {
      const path = scene.path('range.bin')
      writeFileSync(path, '0123456789'.repeat(500))
      const target = `s3:${scene.bucket}/range.bin`
      await rclone(scene, 'copyto', path, target)
      scene.holds('range.bin', path)
      const part = await rclone(scene, 'cat', '--offset=101', '--count=5', target)
      mustEqual(part, '12345', 'the range')
    },
    delete: async (scene) => {
      await put(scene, 'delete/one', 10)
      await put(scene, 'delete/two', 20)
      await rclone(scene, 'purge', `s3:${scene.bucket}/delete`)
      scene.holdsNot('delete/one')
      scene.holdsNot('delete/two')
    },
    presign: async (scene) => {
      const path = await put(scene, 'presign.bin', 500)
      const url = await rclone(scene, 'link', '--expire=10m', `s3:${scene.bucket}/presign.bin`)
      const answer = await fetch(url.trim())
      mustEqual(answer.status, 200, 'status of the URL')
      mustEqual((await answer.arrayBuffer()).byteLength, 500, `length of ${path}`)
    },
    'other encryption': async (scene) => {
      // Told of AES256, rclone takes the ETag for an MD5, which under SSE-KMS it is not.
      await put(
        scene,
        'sse/aes256',
        100,
        '--ignore-checksum',
        '--s3-server-side-encryption=AES256',
        '--s3-sse-kms-key-id=',
      )
      const two = scene.access.kms.two
      await put(
        scene,
        'sse/key',
        100,
        '--s3-server-side-encryption=aws:kms',
        `--s3-sse-kms-key-id=${two}`,
      )
    },
    TLS: async (scene) => {
      const { endpoint, caFile } = scene.tls
      await put(scene, 'tls.bin', 4000, `--ca-cert=${caFile}`, `--s3-endpoint=${endpoint}`)
    },
  },
}
