import { join } from 'node:path'
import { debianVersion } from '../debian-version.ts'
import { extension, type Registry } from './registry.ts'

const RUNNERS: Readonly<Record<string, string>> = {
  py: '/usr/bin/python3',
  rb: '/usr/bin/ruby',
  pl: '/usr/bin/perl',
  sh: '/bin/bash',
}

/** Debian 12. The packages of all programs are installed together, before the first one runs. */
export const DEBIAN: Registry = {
  version: ({ package: name }) => debianVersion(name),
  needs: ['apt-get'],
  prepare: async ({ file }, folder) => ({
    command: [RUNNERS[extension(file)] ?? '', join(folder, file)],
    path: [],
  }),
}
