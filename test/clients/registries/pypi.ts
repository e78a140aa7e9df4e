import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { extension, install, kept, type Registry } from './registry.ts'

const REQUIREMENTS = 'test/clients/programs/python'

/** The requirements of one environment: every package with its exact version. */
export function requirements(environment: string): ReadonlyMap<string, string> {
  const text = readFileSync(`${REQUIREMENTS}/${environment}.txt`, 'utf8')
  const pins = text.matchAll(/^([\w.-]+)==(\S+)$/gm)
  return new Map([...pins].map(([, name = '', version = '']) => [plain(name), version]))
}

/** As PyPI compares names. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}

/** Wheels alone, in one environment for the programs that name it. */
export const PYPI: Registry = {
  version: async ({ package: name, environment = '', contains }) =>
    contains ?? String(requirements(environment).get(plain(name))),
  needs: ['python3'],
  prepare: async ({ file, environment = '' }, folder) => {
    const list = resolve(REQUIREMENTS, `${environment}.txt`)
    const home = await kept(`python-${environment}`, [readFileSync(list, 'utf8')], async (made) => {
      await install('python3', ['-m', 'venv', made], made)
      const options = ['--quiet', '--no-deps', '--only-binary=:all:']
      await install(join(made, 'bin/pip'), ['install', ...options, '-r', list], made)
    })
    const bin = join(home, 'bin')
    const runner = extension(file) === 'py' ? join(bin, 'python3') : '/bin/bash'
    return { command: [runner, join(folder, file)], path: [bin] }
  },
}
