import { DEBIAN_PROGRAMS } from './catalogue/debian-programs.ts'
import { GO_PROGRAMS } from './catalogue/go-programs.ts'
import { JAVA_PROGRAMS } from './catalogue/java-programs.ts'
import { NPM_PROGRAMS } from './catalogue/npm-programs.ts'
import { PYTHON_PROGRAMS } from './catalogue/python-programs.ts'
import type { ClientProgram } from './client-program.ts'

/** All programs that the suite runs through Sealgate. */
export const CLIENT_PROGRAMS: readonly ClientProgram[] = [
  ...NPM_PROGRAMS,
  ...PYTHON_PROGRAMS,
  ...JAVA_PROGRAMS,
  ...GO_PROGRAMS,
  ...DEBIAN_PROGRAMS,
]
