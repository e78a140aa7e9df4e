import { join } from 'node:path'
import type { Cache } from '../cache.ts'
import { launch, type Place, type ServerUnderTest } from '../server.ts'

const VERSION = '5.2.5'

/** A mock of AWS in Python: takes any credentials, keeps objects in memory. */
export const MOTO: ServerUnderTest = {
  name: 'moto',
  version: VERSION,
  from: 'PyPI',
  settings: 'nothing to set: it takes any key and encrypts nothing',
  setup: 'confirm',
  forgets:
    "tags and retention of forms, the retention of multipart uploads; a retention can be shortened; Content-MD5 is not compared. Completions under `maxBytes` are 503: its ListParts has another root element than S3's",
  install: async (cache: Cache) => {
    await cache.run('python3', ['-m', 'venv', cache.path('venv')])
    await cache.run(cache.path('venv/bin/pip'), ['install', '-q', `moto[s3,server]==${VERSION}`])
  },
  start: (place: Place) =>
    launch(place, { keys: place.keys }, (port) => ({
      command: join(place.installed, 'venv/bin/moto_server'),
      args: ['-H', '127.0.0.1', '-p', String(port)],
    })),
}
