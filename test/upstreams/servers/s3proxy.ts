import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { classPath, installArtifact, java } from '../maven.ts'
import { launch, type ServerUnderTest } from '../server.ts'

const VERSION = '4.1.0'

/** S3 in front of files and other clouds, here of files. */
export const S3PROXY: ServerUnderTest = {
  name: 's3proxy',
  version: VERSION,
  from: 'Maven, org.gaul:s3proxy',
  settings: 'it has no SSE',
  setup: 'exempt',
  forgets:
    'the tags of forms. It answers 501 to other tags, to retention, and to completions under `maxBytes`',
  install: (cache) =>
    installArtifact(cache, `org.gaul:s3proxy:${VERSION}`, [
      'com.fasterxml.jackson.core:jackson-annotations:2.22',
    ]),
  start: (place) => {
    const dataFolder = join(place.folder, 'data')
    mkdirSync(dataFolder)
    const properties = join(place.folder, 's3proxy.conf')
    return launch(place, { keys: place.keys, dataFolder }, (port) => {
      writeFileSync(properties, configuration(port, dataFolder, place.keys))
      return {
        command: java(),
        args: [
          ...['-cp', classPath(place.installed), 'org.gaul.s3proxy.Main'],
          ...['--properties', properties],
        ],
      }
    })
  },
}

function configuration(
  port: number,
  dataFolder: string,
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string },
): string {
  return Object.entries({
    's3proxy.endpoint': `http://127.0.0.1:${port}`,
    's3proxy.authorization': 'aws-v4',
    's3proxy.identity': keys.accessKeyId,
    's3proxy.credential': keys.secretAccessKey,
    'jclouds.provider': 'filesystem-nio2',
    'jclouds.filesystem.basedir': dataFolder,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
