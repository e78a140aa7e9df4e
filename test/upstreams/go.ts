import type { Cache } from './cache.ts'

/** Builds a command of a Go module into the folder `bin`. One process: the machine has others to serve. */
export function installCommand(cache: Cache, atVersion: string): Promise<void> {
  return cache.run('go', ['install', '-p', '1', atVersion], { GOBIN: cache.path('bin') })
}
