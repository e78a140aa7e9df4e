import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import type { ClientUnderTest } from './client-under-test.ts'
import { debianVersion } from './debian-version.ts'
import { mustEqual, type Scene } from './scene.ts'

/** Mounts the bucket, runs the steps in it, and unmounts, which writes out what is left. */
async function mounted(
  scene: Scene,
  options: readonly string[],
  steps: (at: string) => Promise<void> | void,
): Promise<void> {
  const at = scene.path('mount')
  await scene.command('/bin/mkdir', ['-p', at])
  const keys = scene.access.keys
  const password = scene.path('s3fs-password')
  writeFileSync(password, `${keys.accessKeyId}:${keys.secretAccessKey}`, { mode: 0o600 })
  const all = [
    `url=${scene.endpoint}`,
    `endpoint=${scene.access.region}`,
    `passwd_file=${password}`,
    'use_path_request_style',
    'multipart_size=5',
    'retries=1',
    ...options,
  ]
  const args = [scene.bucket, at, ...all.flatMap((option) => ['-o', option])]
  await scene.command('/usr/bin/s3fs', args)
  try {
    await steps(at)
  } finally {
    await scene.command('/usr/bin/fusermount', ['-u', at])
    await unmounted(scene)
  }
}

/** s3fs goes on a moment after its mount is gone. */
async function unmounted(scene: Scene): Promise<void> {
  const pattern = `s3fs ${scene.bucket} `
  for (let tries = 0; tries < 100; tries++) {
    const { code } = await scene.tryCommand('/usr/bin/pgrep', ['-f', pattern])
    if (code !== 0) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A directory is an object of its own to s3fs. */
function holdsDirectories(scene: Scene, ...names: readonly string[]): void {
  for (const name of names) scene.holds(`${name}/`, Buffer.alloc(0))
}

/** s3fs, a bucket as a file system. Without server-side copies, which some S3 servers do not encrypt. */
const WITHOUT_COPY = ['nocopyapi', 'norenameapi']

export const S3FS: ClientUnderTest = {
  name: 's3fs',
  from: 'Debian 12',
  version: () => debianVersion('s3fs'),
  settings: [
    '`-o url=http://SEALGATE,endpoint=REGION,use_path_request_style`; where the server does not encrypt copies also `nocopyapi,norenameapi`',
    '`CURL_CA_BUNDLE=/path/ca.pem` in the environment',
  ],
  unavailable: async () => (existsSync('/dev/fuse') ? undefined : 'no /dev/fuse on this machine'),
  features: {
    upload: async (scene) => {
      const path = scene.file('small.bin', 4000)
      await mounted(scene, WITHOUT_COPY, (at) => {
        copyFileSync(path, `${at}/small.bin`)
        writeFileSync(`${at}/none.bin`, '')
      })
      scene.holds('small.bin', path)
      scene.holds('none.bin', Buffer.alloc(0))
      await mounted(scene, WITHOUT_COPY, (at) => scene.same(path, `${at}/small.bin`))
    },
    multipart: async (scene) => {
      const path = scene.largeFile()
      await mounted(scene, WITHOUT_COPY, (at) => copyFileSync(path, `${at}/large.bin`))
      scene.holds('large.bin', path)
      await mounted(scene, WITHOUT_COPY, (at) => scene.same(path, `${at}/large.bin`))
    },
    sync: async (scene) => {
      const files = scene.tree('tree')
      await mounted(scene, WITHOUT_COPY, (at) =>
        cpSync(scene.path('tree'), `${at}/tree`, { recursive: true }),
      )
      for (const file of files) scene.holds(`tree/${file}`, scene.path(`tree/${file}`))
      const folders = ['ümlaut', 'deep', 'deep/er', 'deep/er/and', 'deep/er/and/deeper', 'many']
      holdsDirectories(scene, 'tree', ...folders.map((name) => `tree/${name}`))
      await mounted(scene, WITHOUT_COPY, (at) =>
        cpSync(`${at}/tree`, scene.path('tree.back'), { recursive: true }),
      )
      scene.sameTree('tree', 'tree.back')
    },
    copy: async (scene) => {
      const path = await scene.seed('copy-source.bin', 5000)
      // A rename with s3fs's default settings is a copy at the server.
      await mounted(scene, [], async (at) => {
        await scene.command('/bin/mv', [`${at}/copy-source.bin`, `${at}/renamed.bin`])
      })
      scene.holds('renamed.bin', path)
    },
    list: async (scene) => {
      await mounted(scene, WITHOUT_COPY, (at) => {
        writeFileSync(`${at}/list-one`, 'one')
        writeFileSync(`${at}/list-two`, 'two')
        const names = readdirSync(at).filter((name) => name.startsWith('list-'))
        mustEqual(names.sort(), ['list-one', 'list-two'], 'the folder')
        mustEqual(statSync(`${at}/list-one`).size, 3, 'the size')
      })
      scene.holds('list-one', Buffer.from('one'))
      scene.holds('list-two', Buffer.from('two'))
    },
    range: async (scene) => {
      const path = scene.file('range.bin', 5000)
      await mounted(scene, WITHOUT_COPY, (at) => copyFileSync(path, `${at}/range.bin`))
      scene.holds('range.bin', path)
      await mounted(scene, WITHOUT_COPY, async (at) => {
        const file = await open(`${at}/range.bin`)
        const { buffer } = await file.read(Buffer.alloc(200), 0, 200, 100)
        await file.close()
        mustEqual(buffer.equals(readFileSync(path).subarray(100, 300)), true, 'the range')
      })
    },
    delete: async (scene) => {
      await mounted(scene, WITHOUT_COPY, (at) => {
        writeFileSync(`${at}/delete-me`, 'x')
        rmSync(`${at}/delete-me`)
      })
    },
    'other encryption': async (scene) => {
      const path = scene.file('sse-aes256', 100)
      await mounted(scene, [...WITHOUT_COPY, 'use_sse=1'], (at) =>
        copyFileSync(path, `${at}/sse-aes256`),
      )
      scene.holds('sse-aes256', path)
    },
  },
}
