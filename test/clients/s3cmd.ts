import { readFileSync } from 'node:fs'
import type { ClientUnderTest } from './client-under-test.ts'
import { debianVersion } from './debian-version.ts'
import { mustEqual, type Scene } from './scene.ts'

function s3cmd(scene: Scene, ...args: readonly string[]): Promise<string> {
  const { host, port } = scene.access.address
  return s3cmdAt(scene, `${host}:${port}`, '--no-ssl', ...args)
}

function s3cmdAt(scene: Scene, host: string, ...args: readonly string[]): Promise<string> {
  return scene.command('/usr/bin/s3cmd', [
    ...['--config=/dev/null', '--no-progress', `--host=${host}`],
    ...[`--host-bucket=${host}/%(bucket)`, `--region=${scene.access.region}`],
    ...[`--access_key=${scene.access.keys.accessKeyId}`],
    ...[`--secret_key=${scene.access.keys.secretAccessKey}`],
    ...args,
  ])
}

async function put(scene: Scene, key: string, bytes: number, ...args: readonly string[]) {
  const path = scene.file(key, bytes)
  await s3cmd(scene, 'put', ...args, path, `s3://${scene.bucket}/${key}`)
  scene.holds(key, path)
  return path
}

/** s3cmd. It tries a refused copy five times, for 45 s in all, and cannot be told otherwise. */
export const S3CMD: ClientUnderTest = {
  name: 's3cmd',
  from: 'Debian 12',
  version: () => debianVersion('s3cmd'),
  settings: [
    '`host_base = SEALGATE`, `host_bucket = SEALGATE/%(bucket)`, `use_https = False` for plain HTTP',
    '`ca_certs_file = /path/ca.pem`; `bucket_location` is the region to sign for',
  ],
  features: {
    upload: async (scene) => {
      const path = await put(scene, 'small.bin', 4000)
      await put(scene, 'none.bin', 0)
      const back = scene.path('small.back')
      await s3cmd(scene, 'get', `s3://${scene.bucket}/small.bin`, back)
      scene.same(path, back)
    },
    multipart: async (scene) => {
      const path = scene.largeFile()
      const target = `s3://${scene.bucket}/large.bin`
      await s3cmd(scene, 'put', '--multipart-chunk-size-mb=5', path, target)
      scene.holds('large.bin', path)
      const back = scene.path('large.back')
      await s3cmd(scene, 'get', target, back)
      scene.same(path, back)
    },
    sync: async (scene) => {
      const files = scene.tree('tree')
      const target = `s3://${scene.bucket}/tree/`
      await s3cmd(scene, 'sync', `${scene.path('tree')}/`, target)
      for (const file of files) scene.holds(`tree/${file}`, scene.path(`tree/${file}`))
      await s3cmd(scene, 'sync', target, `${scene.path('tree.back')}/`)
      scene.sameTree('tree', 'tree.back')
    },
    copy: async (scene) => {
      const path = await scene.seed('copy-source.bin', 5000)
      const bucket = `s3://${scene.bucket}`
      await s3cmd(scene, 'cp', `${bucket}/copy-source.bin`, `${bucket}/copied.bin`)
      scene.holds('copied.bin', path)
    },
    list: async (scene) => {
      await put(scene, 'list/one', 10)
      await put(scene, 'list/two', 20)
      const listed = await s3cmd(scene, 'ls', '--recursive', `s3://${scene.bucket}/list/`)
      const names = listed
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)[3])
      const at = `s3://${scene.bucket}/list`
      mustEqual(names, [`${at}/one`, `${at}/two`], 's3cmd ls')
    },
    delete: async (scene) => {
      await put(scene, 'delete/one', 10)
      await put(scene, 'delete/two', 20)
      await s3cmd(scene, 'del', '--recursive', '--force', `s3://${scene.bucket}/delete/`)
      scene.holdsNot('delete/one')
      scene.holdsNot('delete/two')
    },
    presign: async (scene) => {
      const path = await put(scene, 'presign.bin', 500)
      const url = await s3cmd(scene, 'signurl', `s3://${scene.bucket}/presign.bin`, '+600')
      const answer = await fetch(url.trim())
      mustEqual(answer.status, 200, `status of ${url.trim().replace(/Signature=.*/, '')}`)
      const same = Buffer.from(await answer.arrayBuffer()).equals(readFileSync(path))
      mustEqual(same, true, 'content of the URL')
    },
    'other encryption': async (scene) => {
      await put(scene, 'sse/aes256', 100, '--server-side-encryption')
      const two = scene.access.kms.two
      await put(scene, 'sse/other-key', 100, `--server-side-encryption-kms-id=${two}`)
    },
    TLS: async (scene) => {
      const path = scene.file('tls.bin', 4000)
      const trust = ['--ssl', `--ca-certs=${scene.tls.caFile}`]
      await s3cmdAt(scene, scene.tls.host, ...trust, 'put', path, `s3://${scene.bucket}/tls.bin`)
      scene.holds('tls.bin', path)
    },
  },
}
