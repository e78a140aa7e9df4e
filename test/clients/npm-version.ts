import { readFileSync } from 'node:fs'

/** The installed version of an npm package of this project. */
export async function npmVersion(name: string): Promise<string> {
  const manifest: unknown = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8'))
  return String(Object(manifest).version)
}
