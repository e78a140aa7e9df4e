import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { install, kept, type Registry } from './registry.ts'

/** What the JVM has to open for libraries that were written before its modules. */
const OPENED = [
  'lang',
  'lang.invoke',
  'lang.reflect',
  'io',
  'net',
  'nio',
  'util',
  'util.concurrent',
]

/** Artifacts: `group:artifact:version`. A leading minus sign leaves `group:artifact` out. */
export const MAVEN: Registry = {
  version: async ({ package: artifact }) => artifact.replace(/.*:/, ''),
  needs: ['mvn', 'java', 'javac'],
  prepare: async ({ file, package: artifact, with: more = [] }, folder) => {
    const artifacts = [artifact, ...more]
    const home = await kept(file, artifacts, async (made) => {
      writeFileSync(join(made, 'pom.xml'), projectOf(artifacts))
      const copy = [
        'dependency:copy-dependencies',
        '-DoutputDirectory=libs',
        '-DincludeScope=runtime',
      ]
      await install('mvn', ['-q', '-B', ...copy], made)
    })
    const opens = OPENED.flatMap((name) => ['--add-opens', `java.base/java.${name}=ALL-UNNAMED`])
    const small = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx1g']
    const libs = ['-cp', join(home, 'libs/*')]
    return { command: ['/usr/bin/java', ...small, ...opens, ...libs, join(folder, file)], path: [] }
  },
}

function projectOf(artifacts: readonly string[]): string {
  const without = artifacts.filter((one) => one.startsWith('-')).map((one) => one.slice(1))
  const exclusions = without.map((one) => element('exclusion', one)).join('')
  const wanted = artifacts.filter((one) => !one.startsWith('-'))
  const more = `<exclusions>${exclusions}</exclusions>`
  const dependencies = wanted.map((one) => element('dependency', one, more)).join('')
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>sealgate</groupId><artifactId>client</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies}</dependencies></project>
`
}

function element(name: string, artifact: string, more = ''): string {
  const [group, id, version] = artifact.split(':')
  const at = version === undefined ? '' : `<version>${version}</version>`
  return `<${name}><groupId>${group}</groupId><artifactId>${id}</artifactId>${at}${more}</${name}>`
}
