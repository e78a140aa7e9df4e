import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { install, kept, type Registry } from './registry.ts'

/** Crates: `name@version`, and the features that are wanted after a plus sign. */
export const CRATES: Registry = {
  version: async ({ package: crate }) => crate.replace(/.*@/, '').replace(/\+.*/, ''),
  needs: ['cargo'],
  prepare: async ({ file, package: crate, with: more = [] }, folder) => {
    const crates = [crate, ...more]
    const home = await kept(file, crates, async (made) => {
      await install('cargo', ['init', '--quiet', '--name', 'program', '.'], made)
      for (const one of crates) await install('cargo', ['add', '--quiet', ...addition(one)], made)
    })
    mkdirSync(join(home, 'src'), { recursive: true })
    cpSync(join(folder, file), join(home, 'src/main.rs'))
    await install('cargo', ['build', '--quiet', '--jobs', '1'], home)
    return { command: [join(home, 'target/debug/program')], path: [] }
  },
}

/** `object_store@=1.2.3`, and its features. */
function addition(crate: string): readonly string[] {
  const [pin = '', features] = crate.split('+')
  const exact = pin.replace('@', '@=')
  return features === undefined ? [exact] : [exact, '--features', features]
}
