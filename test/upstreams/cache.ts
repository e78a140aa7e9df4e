import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Environment, Program } from '../support/program.ts'
import type { ServerUnderTest } from './server.ts'

/** Outside of the checkout, kept between runs: `TMPDIR` moves it. */
export const CACHE_FOLDER = join(tmpdir(), 'sealgate-upstreams')

/** The folder of one version of one server. */
export class Cache {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names)
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text)
  }

  /** A command of an installation; the machine's other work goes first. */
  async run(command: string, args: readonly string[], env: Environment = {}): Promise<void> {
    const outputFile = this.path('install.log')
    const program = new Program('nice', ['-n', '10', command, ...args], { env, outputFile })
    const { code } = await program.end
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}; see ${outputFile}`)
  }
}

/** Installs the server unless that was done before; gives the folder. */
export async function installed(server: ServerUnderTest, print: (line: string) => void) {
  const cache = new Cache(join(CACHE_FOLDER, `${server.name}-${server.version}`))
  const done = cache.path('.installed')
  if (existsSync(done)) return cache.folder
  print(`# installing ${server.name} ${server.version}`)
  rmSync(cache.folder, { recursive: true, force: true })
  mkdirSync(cache.folder, { recursive: true })
  await server.install(cache)
  writeFileSync(done, '')
  return cache.folder
}
