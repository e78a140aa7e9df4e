import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import type { ClientUnderTest } from './client-under-test.ts'
import { debianVersion } from './debian-version.ts'
import { mustEqual, type Scene } from './scene.ts'

/** Mounts the bucket, runs the steps in it, and unmounts, which writes out what is left. */
async function mounted(
  scene: Scene,
  options: readonly string[],
  steps: (at: string) => Promise<void>,
  caFile?: string,
): Promise<void> {
  const at = scene.path('mount')
  await scene.command('/bin/mkdir', ['-p', at])
  const keys = scene.access.keys
  const password = scene.path('s3fs-password')
  writeFileSync(password, `${keys.accessKeyId}:${keys.secretAccessKey}`, { mode: 0o600 })
  const all = [
    `url=${caFile === undefined ? scene.endpoint : scene.tls.endpoint}`,
    `endpoint=${scene.access.region}`,
    `passwd_file=${password}`,
    'use_path_request_style',
    'multipart_size=5',
    // s3fs 1.90 looks at CURL_CA_BUNDLE when the system's authorities have failed once.
    `retries=${caFile === undefined ? 1 : 3}`,
    ...options,
  ]
  const args = [scene.bucket, at, ...all.flatMap((option) => ['-o', option])]
  await scene.command('/usr/bin/s3fs', args, { env: caFile ? { CURL_CA_BUNDLE: caFile } : {} })
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

/** No copies at the server, which not every server encrypts. */
const WITHOUT_COPY = ['nocopyapi', 'norenameapi']

/** s3fs, a bucket as a file system. All that touches the mount is a process of its own: it may block. */
export const S3FS: ClientUnderTest = {
  name: 's3fs',
  from: 'Debian 12',
  version: () => debianVersion('s3fs'),
  settings: [
    '`-o url=http://SEALGATE,endpoint=REGION,use_path_request_style`; where the server does not encrypt copies also `nocopyapi,norenameapi`',
    '`CURL_CA_BUNDLE=/path/ca.pem` in the environment',
  ],
  unavailable: async () => {
    try {
      closeSync(openSync('/dev/fuse', 'r+'))
      return undefined
    } catch {
      return 'no usable /dev/fuse on this machine'
    }
  },
  features: {
    upload: async (scene) => {
      const path = scene.file('small.bin', 4000)
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/bin/cp', [path, `${at}/small.bin`])
        await scene.command('/bin/touch', [`${at}/none.bin`])
      })
      scene.holds('small.bin', path)
      scene.holds('none.bin', Buffer.alloc(0))
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/usr/bin/cmp', [path, `${at}/small.bin`])
      })
    },
    multipart: async (scene) => {
      const path = scene.largeFile()
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/bin/cp', [path, `${at}/large.bin`])
      })
      scene.holds('large.bin', path)
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/usr/bin/cmp', [path, `${at}/large.bin`])
      })
    },
    sync: async (scene) => {
      const files = scene.tree('tree')
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/bin/cp', ['-r', scene.path('tree'), `${at}/tree`])
      })
      for (const file of files) scene.holds(`tree/${file}`, scene.path(`tree/${file}`))
      const folders = ['ümlaut', 'deep', 'deep/er', 'deep/er/and', 'deep/er/and/deeper', 'many']
      holdsDirectories(scene, 'tree', ...folders.map((name) => `tree/${name}`))
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/bin/cp', ['-r', `${at}/tree`, scene.path('tree.back')])
      })
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
      const file = scene.file('three.bin', 3)
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/bin/cp', [file, `${at}/list-one`])
        await scene.command('/bin/cp', [file, `${at}/list-two`])
        const listed = await scene.command('/usr/bin/stat', ['-c', '%n %s', `${at}/list-one`])
        mustEqual(listed.trim(), `${at}/list-one 3`, 'the size')
        const names = (await scene.command('/bin/ls', [at])).split('\n')
        const found = names.filter((name) => name.startsWith('list-')).sort()
        mustEqual(found, ['list-one', 'list-two'], 'the folder')
      })
      scene.holds('list-one', file)
      scene.holds('list-two', file)
    },
    range: async (scene) => {
      const path = scene.file('range.bin', 5000)
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/bin/cp', [path, `${at}/range.bin`])
      })
      scene.holds('range.bin', path)
      const back = scene.path('range.back')
      await mounted(scene, WITHOUT_COPY, async (at) => {
        const args = ['bs=100', 'skip=1', 'count=2', 'status=none']
        await scene.command('/bin/dd', [`if=${at}/range.bin`, `of=${back}`, ...args])
      })
      const part = readFileSync(path).subarray(100, 300)
      mustEqual(readFileSync(back).equals(part), true, 'the range')
    },
    delete: async (scene) => {
      const file = scene.file('delete-me', 10)
      await mounted(scene, WITHOUT_COPY, async (at) => {
        await scene.command('/bin/cp', [file, `${at}/delete-me`])
        await scene.command('/bin/rm', [`${at}/delete-me`])
      })
    },
    'other encryption': async (scene) => {
      const path = scene.file('sse-aes256', 100)
      await mounted(scene, [...WITHOUT_COPY, 'use_sse=1'], async (at) => {
        await scene.command('/bin/cp', [path, `${at}/sse-aes256`])
      })
      scene.holds('sse-aes256', path)
    },
    TLS: async (scene) => {
      const path = scene.file('tls.bin', 4000)
      const copy = async (at: string) => {
        await scene.command('/bin/cp', [path, `${at}/tls.bin`])
      }
      await mounted(scene, WITHOUT_COPY, copy, scene.tls.caFile)
      scene.holds('tls.bin', path)
    },
  },
}
