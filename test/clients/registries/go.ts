import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { extension, install, kept, type Registry } from './registry.ts'

const FLAGS = { GOFLAGS: '-p=1 -mod=mod', CGO_ENABLED: '0', GOTOOLCHAIN: 'local' }

/**
 * Modules: `package` is the module, or the command in it, with its version. That of the others follows from it, as the least that
 * satisfies all. A program is built; where there is none, the command itself is.
 */
export const GO: Registry = {
  version: async ({ package: module }) => module.replace(/.*@v/, ''),
  needs: ['go'],
  prepare: async ({ file, package: module, with: more = [] }, folder) => {
    const source = join(folder, file)
    const modules = [module, ...more]
    if (extension(file) !== 'go') {
      const home = await kept('go', modules, (made) =>
        install('go', ['install', '-trimpath', module], made, { ...FLAGS, GOBIN: made }),
      )
      return { command: ['/bin/bash', source], path: [home] }
    }
    const home = await kept(file, modules, async (made) => {
      await install('go', ['mod', 'init', 'program'], made, FLAGS)
      await install('go', ['get', ...modules], made, FLAGS)
    })
    cpSync(source, join(home, 'main.go'))
    await install('go', ['build', '-o', 'program', '.'], home, FLAGS)
    return { command: [join(home, 'program')], path: [] }
  },
}
