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
  unsettled: {
    cases: /^(form-|cors-form)/,
    why: 'the same form is stored in one run, and refused with 400 or 403 in the next',
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
