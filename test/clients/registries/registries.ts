import type { ClientProgram, Origin } from '../client-program.ts'
import { CRATES } from './crates.ts'
import { DEBIAN } from './debian.ts'
import { GO } from './go.ts'
import { MAVEN } from './maven.ts'
import { NPM } from './npm.ts'
import { PYPI } from './pypi.ts'
import { commandPath, type Registry } from './registry.ts'

const REGISTRIES: Readonly<Record<Origin, Registry>> = {
  npm: NPM,
  'Debian 12': DEBIAN,
  PyPI: PYPI,
  Maven: MAVEN,
  Go: GO,
  'crates.io': CRATES,
}

/** Where a program's client comes from. */
export function registryOf({ from }: ClientProgram): Registry {
  return REGISTRIES[from]
}

/** Why nothing of the program's registry can be had here; undefined: it can. */
export function missingFor(program: ClientProgram): string | undefined {
  const absent = registryOf(program).needs.filter((name) => commandPath(name) === undefined)
  return absent.length === 0 ? undefined : `there is no ${absent.join(', ')} here`
}
