import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { installCommand } from '../go.ts'
import { launch, type ServerUnderTest } from '../server.ts'

const VERSION = '1.8.0'

/** Versity's gateway to a POSIX file system. */
export const VERSITYGW: ServerUnderTest = {
  name: 'versitygw',
  version: VERSION,
  from: 'Go, github.com/versity/versitygw',
  settings: 'it has no SSE',
  setup: 'report',
  forgets:
    'the retention of forms, storage classes. It stores an object that it refuses for a retention in a bucket without Object Lock',
  unsettled: {
    cases: /^direct form-(bare-file|named-fields)$/,
    why: 'it reads a form whose parts its HTTP library wrote in random order: findings/versitygw-form-file-name.sh. Sealgate names the file, and no field, so that it is the last part',
  },
  install: (cache) =>
    installCommand(cache, `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`),
  start: (place) => {
    const dataFolder = join(place.folder, 'data')
    const versions = join(place.folder, 'versions')
    mkdirSync(dataFolder)
    mkdirSync(versions)
    const { accessKeyId, secretAccessKey } = place.keys
    return launch(place, { keys: place.keys, dataFolder }, (port) => ({
      command: join(place.installed, 'bin/versitygw'),
      env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
      args: ['--port', `127.0.0.1:${port}`, 'posix', '--versioning-dir', versions, dataFolder],
    }))
  },
}
