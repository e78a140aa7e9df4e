import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Cache } from './cache.ts'

/** Adoptium's packages put it there; the newest servers want a newer Java than Debian 12 has. */
const NEW_JAVA = '/usr/lib/jvm/temurin-25-jdk-amd64/bin/java'

/** The Java that runs servers. */
export function java(): string {
  return existsSync(NEW_JAVA) ? NEW_JAVA : 'java'
}

/** What `java -cp` gets. */
export function classPath(installed: string): string {
  return join(installed, 'lib', '*')
}

/**
 * Fetches an artifact of Maven with all that it needs at run time. `pinned` takes the place of older versions that
 * Maven's rule of the nearest finds in the server's own dependencies, and that it does not start with.
 */
export async function installArtifact(
  cache: Cache,
  artifact: string,
  pinned: readonly string[] = [],
): Promise<void> {
  cache.write(
    'pom.xml',
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>test</groupId><artifactId>server</artifactId><version>1</version>
<dependencies>${[artifact, ...pinned].map(dependency).join('')}</dependencies></project>
`,
  )
  await cache.run('mvn', [
    ...['-q', '-B', '-f', cache.path('pom.xml'), 'dependency:copy-dependencies'],
    ...[`-DoutputDirectory=${cache.path('lib')}`, '-DincludeScope=runtime'],
  ])
}

/** From `group:artifact:version`. */
function dependency(coordinates: string): string {
  const [group, artifact, version] = coordinates.split(':')
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
}
