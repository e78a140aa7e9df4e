import { join } from 'node:path'
import { installCommand } from '../go.ts'
import { launch, type ServerUnderTest } from '../server.ts'

const VERSION = '1.2.0'

/** A fake S3 in Go, also a part of other programs: takes any credentials, keeps objects in memory. */
export const GOFAKES3: ServerUnderTest = {
  name: 'gofakes3',
  version: VERSION,
  from: 'Go, github.com/johannesboyne/gofakes3',
  settings: 'it has no SSE; it keeps the encryption headers as metadata and gives them back',
  setup: 'confirm',
  forgets: 'ACLs, tags and retention: it has none of them',
  install: (cache) =>
    installCommand(cache, `github.com/johannesboyne/gofakes3/cmd/gofakes3@v${VERSION}`),
  start: (place) =>
    launch(place, { keys: place.keys }, (port) => ({
      command: join(place.installed, 'bin/gofakes3'),
      args: ['-backend', 'memory', '-host', `127.0.0.1:${port}`],
    })),
}
