import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Finding } from './checks.ts'
import { runCommand } from './command.ts'
import { type Manifest, nameOf } from './render.ts'

/** The npm package that has the schemas of an API group. */
function packageOf(apiVersion: string): string {
  if (apiVersion.startsWith('monitoring.coreos.com/')) {
    return '@kubernetes-models/prometheus-operator'
  }
  if (apiVersion.startsWith('cert-manager.io/')) return '@kubernetes-models/cert-manager'
  return 'kubernetes-models'
}

/** Validates each object against the OpenAPI schema of its kind (types, formats, required fields). */
export async function checkAgainstSchema(
  tools: string,
  manifests: readonly Manifest[],
): Promise<Finding> {
  const findings: string[] = []
  for (const manifest of manifests) {
    const { apiVersion, kind } = manifest
    const file = join(tools, 'node_modules', packageOf(apiVersion), apiVersion, `${kind}.js`)
    const model = (await import(pathToFileURL(file).href))[kind]
    try {
      new model(manifest).validate()
    } catch (error) {
      findings.push(`${nameOf(manifest)}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return findings.length === 0 && manifests.length === 0 ? ['nothing to check'] : findings
}

/**
 * Finds fields that Kubernetes does not know, which an API server would drop silently: the objects are
 * written as TypeScript literals of their types, and the compiler refuses excess properties.
 */
export async function checkForUnknownFields(
  tools: string,
  name: string,
  manifests: readonly Manifest[],
): Promise<Finding> {
  const folder = join(tools, 'literals')
  mkdirSync(folder, { recursive: true })
  const lines = manifests.flatMap((manifest, index) => {
    const { apiVersion, kind } = manifest
    const type = `I${kind}`
    return [
      `import type { ${type} as T${index} } from '${packageOf(apiVersion)}/${apiVersion}/${kind}'`,
      `export const object${index}: T${index} = ${JSON.stringify(manifest, null, 2)}`,
    ]
  })
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  const compiler = resolve('node_modules/typescript/bin/tsc')
  const args = [
    compiler,
    ...['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022', '--types', ''],
    ...['--module', 'preserve', '--moduleResolution', 'bundler', file],
  ]
  const { status, stdout } = await runCommand(process.execPath, args, { cwd: folder })
  return status === 0 ? [] : stdout.trim().split('\n')
}
