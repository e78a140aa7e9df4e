import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { install, type Registry } from './registry.ts'

const MANIFEST = 'test/clients/programs/package.json'
const installed = new Map<string, Promise<void>>()

/**
 * The packages at the versions and hashes of programs/package-lock.json; about a gigabyte, no install scripts. It is no
 * `npm ci`: that fails where a registry lacks the optional packages of other platforms.
 */
export const NPM: Registry = {
  version: async ({ package: name }) => {
    const manifest: unknown = JSON.parse(readFileSync(MANIFEST, 'utf8'))
    return String(Object(Object(manifest).dependencies)[name])
  },
  needs: ['npm'],
  prepare: async ({ name, file }, folder) => {
    const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
    const args = ['install', '--ignore-scripts', '--legacy-peer-deps', ...quiet]
    const begun = installed.get(folder) ?? install('npm', args, folder)
    installed.set(folder, begun)
    await begun
    const bun = join(folder, 'node_modules/@oven/bun-linux-x64/bin/bun')
    return { command: [name === 'bun' ? bun : process.execPath, join(folder, file)], path: [] }
  },
}
