import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { ClientProgram } from '../client-program.ts'

/** How a program is started once its packages are there. */
export interface Ready {
  readonly command: readonly [program: string, ...args: string[]]
  /** Folders of commands that the program may call by name. */
  readonly path: readonly string[]
}

/** Where clients come from. */
export interface Registry {
  /** The version that is pinned, or installed. */
  readonly version: (program: ClientProgram) => Promise<string>
  /** Commands without which nothing of this registry can be had. */
  readonly needs: readonly string[]
  /** Installs or builds what the program needs; `folder` has the files of test/clients/programs. */
  readonly prepare: (program: ClientProgram, folder: string) => Promise<Ready>
}

/** The folders of this machine's commands: toolchains are not always in /usr/bin. */
export const PATH = `${process.execPath.replace(/\/[^/]*$/, '')}${delimiter}/usr/local/go/bin${delimiter}${homedir()}/.cargo/bin${delimiter}/usr/sbin:/usr/bin:/sbin:/bin`

const CACHE = join(homedir(), '.cache', 'sealgate-clients')
const INSTALL_MS = 3_600_000
const underWay = new Map<string, Promise<string>>()

/** The path of a command; undefined where the machine has none. */
export function commandPath(name: string): string | undefined {
  return PATH.split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))
}

/** A folder that `make` fills once for all runs on this machine: its name is the hash of what is asked for. */
export function kept(
  label: string,
  asked: readonly string[],
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const hash = createHash('sha256').update(asked.join('\n')).digest('hex').slice(0, 16)
  const folder = join(CACHE, `${label}-${hash}`)
  const begun = underWay.get(folder)
  if (begun !== undefined) return begun
  const made = makeOnce(folder, make)
  underWay.set(folder, made)
  return made
}

async function makeOnce(folder: string, make: (folder: string) => Promise<void>): Promise<string> {
  const complete = join(folder, 'complete')
  if (existsSync(complete)) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await make(folder)
  writeFileSync(complete, '')
  return folder
}

/** Runs a command of an installation; throws with its output when it fails. */
export async function install(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const options = {
    cwd,
    env: { PATH, HOME: homedir(), LANG: 'C.UTF-8', ...env },
    timeout: INSTALL_MS,
    maxBuffer: 64 << 20,
  }
  try {
    await promisify(execFile)(command, args, options)
  } catch (error) {
    const { stdout = '', stderr = '' } = Object(error)
    const output = `${String(stdout).slice(-1500)}\n${String(stderr).slice(-2500)}`
    throw new Error(`${command} ${args.join(' ')}\n${output}`)
  }
}

/** The end of a file's name: `py`, `sh`. */
export function extension(file: string): string {
  return file.replace(/.*\./, '')
}
