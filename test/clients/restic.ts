import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientUnderTest } from './client-under-test.ts'
import { debianVersion } from './debian-version.ts'
import { mustEqual, type Scene } from './scene.ts'

function restic(scene: Scene, ...args: readonly string[]): Promise<string> {
  const repository = `s3:${scene.endpoint}/${scene.bucket}`
  return scene.command('/usr/bin/restic', ['--no-cache', '-r', repository, ...args], {
    env: { RESTIC_PASSWORD: 'correct horse' },
  })
}

/** restic, an encrypting backup program. Its keys are its own. */
export const RESTIC: ClientUnderTest = {
  name: 'restic',
  from: 'Debian 12',
  version: () => debianVersion('restic'),
  settings: [
    '`-r s3:http://SEALGATE/BUCKET` (path style follows for an address, else `-o s3.bucket-lookup=path`)',
    '`--cacert /path/ca.pem`',
  ],
  features: {
    upload: async (scene) => {
      scene.namesAreItsOwn = true
      await restic(scene, 'init')
      scene.tree('tree')
      await restic(scene, 'backup', 'tree')
    },
    multipart: async (scene) => {
      scene.file('tree/large.bin', 40 << 20)
      await restic(scene, 'backup', '--pack-size=64', 'tree')
    },
    stream: async (scene) => {
      const path = scene.file('stream.bin', 300_000)
      const repository = `s3:${scene.endpoint}/${scene.bucket}`
      const args = ['--no-cache', '-r', repository, 'backup', '--stdin', '--stdin-filename', 's']
      await scene.command('/usr/bin/restic', args, {
        env: { RESTIC_PASSWORD: 'correct horse' },
        input: path,
      })
    },
    sync: async (scene) => {
      cpSync(scene.path('tree'), scene.path('kept'), { recursive: true })
      await restic(
        scene,
        'restore',
        'latest',
        '--path',
        scene.path('tree'),
        '--target',
        scene.path('out'),
      )
      scene.sameTree('kept', join('out', 'tree'))
      await restic(scene, 'check', '--read-data')
    },
    list: async (scene) => {
      const snapshots: unknown = JSON.parse(await restic(scene, 'snapshots', '--json'))
      mustEqual(Array.isArray(snapshots) && snapshots.length, 3, 'the number of snapshots')
    },
    delete: async (scene) => {
      await restic(scene, 'forget', '--keep-last=1', '--prune')
      await restic(scene, 'check')
    },
    TLS: async (scene) => {
      const repository = `s3:${scene.tls.endpoint}/${scene.bucket}`
      const args = ['--no-cache', '--cacert', scene.tls.caFile, '-r', repository, 'backup', 'kept']
      await scene.command('/usr/bin/restic', args, { env: { RESTIC_PASSWORD: 'correct horse' } })
    },
  },
}
