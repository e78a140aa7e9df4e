import { failure, ok, type Result } from '../../src/base/result.ts'

/** The compiled test files of the project. */
export interface TestFiles {
  /** Those that have a process of their own; {@link SHARED_FILE} is among them. */
  readonly own: readonly string[]
  /** Those that {@link SHARED_FILE} loads. */
  readonly shared: readonly string[]
}

/** A process of a run. */
export interface TestProcess {
  readonly file: string
  /** What stands behind it; tap names its folders after both. */
  readonly args: readonly string[]
  /** The files that it loads, if they are not all; in {@link LOADED_FILES}. */
  readonly loads: readonly string[]
}

/** Loads the files that share a process. `I/N`: each Nth of them, from the Ith on. */
export const SHARED_FILE = 'build/test/units.test.js'

/** The variable of the environment that names files for {@link SHARED_FILE}, with blanks between them. */
export const LOADED_FILES = 'SEALGATE_TEST_FILES'

/**
 * The processes that a run starts for what it was given: files (each gets a process), folders, or the beginning of
 * paths; nothing is all tests. `test/base` and `test/base/html.test.ts` are as good as what they are compiled to.
 * `shards` processes share the files that need none of their own. An error is a sentence.
 */
export function planRun(
  given: readonly string[],
  files: TestFiles,
  shards: number,
): Result<readonly TestProcess[], string> {
  const wanted = new Set<string>()
  const alone = new Set<string>()
  for (const name of given.length > 0 ? given : ['build/test']) {
    const path = compiledPath(name)
    const found = filesAt(path, files)
    if (found.length === 0) return failure(nothingAt(name, files))
    for (const file of found) wanted.add(file)
    if (found.length === 1 && found[0] === path && path !== SHARED_FILE) alone.add(path)
  }
  const own = files.own.filter((file) => wanted.has(file) && file !== SHARED_FILE)
  if (wanted.has(SHARED_FILE)) return ok([...shardsOf([], shards), ...own.map(processOf)])
  const single = files.shared.filter((file) => alone.has(file))
  const shared = files.shared.filter((file) => wanted.has(file) && !alone.has(file))
  return ok([
    ...shardsOf(shared, Math.min(shards, shared.length)),
    ...[...own, ...single].map(processOf),
  ])
}

function processOf(file: string): TestProcess {
  return { file, args: [], loads: [] }
}

function shardsOf(shared: readonly string[], shards: number): readonly TestProcess[] {
  return Array.from({ length: shards }, (_, i) => ({
    file: SHARED_FILE,
    args: [`${i + 1}/${shards}`],
    loads: shared,
  }))
}

function compiledPath(name: string): string {
  return name
    .replace(/^\.\//, '')
    .replace(/^test(?=\/|$)/, 'build/test')
    .replace(/\.ts$/, '.js')
    .replace(/\/+$/, '')
}

function filesAt(path: string, { own, shared }: TestFiles): readonly string[] {
  const all = [...own, ...shared]
  if (path === '') return []
  if (all.includes(path)) return [path]
  const inFolder = all.filter((file) => file.startsWith(`${path}/`))
  return inFolder.length > 0 ? inFolder : all.filter((file) => file.startsWith(path))
}

function nothingAt(name: string, { own, shared }: TestFiles): string {
  const folders = new Set([...own, ...shared].map((file) => file.split('/').slice(0, 3).join('/')))
  const known = [...folders].filter((folder) => !folder.endsWith('.js')).sort()
  return `no test file is at ${name}. Name a file or a folder: ${known.join(', ')}.`
}
