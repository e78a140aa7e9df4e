import { dirname, join } from 'node:path'
import { buildClient } from './build-clients.ts'
import { type BuildContext, reasonOf } from './build-context.ts'
import type { Client, ConfigProblem } from './config.ts'
import { type ConfigDocument, parseConfigDocument } from './document.ts'
import { type Environment, substituteEnvironment } from './environment.ts'
import { reportIssues, wordIssue } from './issues.ts'
import { ProblemList } from './problem-list.ts'
import type { Report } from './problems.ts'
import { clientSchema } from './schema-clients.ts'

/** A client is a few lines: more than this is another file. */
const FILE_CHARS_MAX = 64 * 1024
/** Limit of the clients of a configuration. */
const FILES_MAX = 10_000
/** Files that are read at the same time. */
const READS_MAX = 32
/** Files after which other work has its turn: a reload must not hold requests up. */
const TURN_FILES = 32

const FILE_NAME = /^[^.].*\.(?:yaml|yml|json)$/

/** Reads the files of a directory of clients. */
interface ClientReader {
  /** The names in a folder. */
  readonly listFolder: (path: string) => Promise<readonly string[]>
  readonly readFile: (path: string) => Promise<string>
  readonly env: Environment
}

/** What a file said when it was accepted. */
interface Accepted {
  readonly text: string
  /** The files of secrets that it names, and their texts. */
  readonly secrets: ReadonlyMap<string, string>
  readonly client: Client
  readonly warnings: readonly ConfigProblem[]
}

/** One file of a directory of clients. */
interface ClientFile {
  /** The client in use; undefined: the file has never been accepted. */
  readonly accepted: Accepted | undefined
  /** Why its present content is not in use. */
  readonly problems: readonly ConfigProblem[]
  /** Its present content, if that is refused; undefined if it cannot be read. */
  readonly refusedText: string | undefined
}

/** The files of a directory of clients, by path, in the order of their names. */
export interface ClientFiles {
  readonly directory: string
  readonly files: ReadonlyMap<string, ClientFile>
}

/** Reports why a client does not fit to the rest of the configuration. */
type ClientCheck = (client: Client, report: Report) => void

/** A directory that cannot be used at all. */
interface Unusable {
  readonly problem: string
}

/**
 * Reads a directory with one client in each file. A file that has not changed since `before` is not
 * parsed again. A file that is refused keeps its client of `before`. Names that begin with a dot
 * belong to editors and to kubelet, and other names than `*.yaml`, `*.yml` and `*.json` to anybody.
 *
 * `check` reports what does not fit to the rest of the configuration.
 */
export async function readClientFiles(
  directory: string,
  reader: ClientReader,
  before: ClientFiles | undefined,
  check: ClientCheck,
): Promise<ClientFiles | Unusable> {
  let names: readonly string[]
  try {
    names = (await reader.listFolder(directory)).filter((name) => FILE_NAME.test(name)).sort()
  } catch (error) {
    return { problem: `cannot read the folder: ${reasonOf(error)}` }
  }
  if (names.length === 0) return { problem: 'has no file *.yaml, *.yml or *.json' }
  if (names.length > FILES_MAX) return { problem: `has more than ${FILES_MAX} files` }
  const earlier = before?.directory === directory ? before.files : undefined
  const paths = names.map((name) => join(directory, name))
  const read = await mapSome(paths, (path) => {
    const accepted = earlier?.get(path)?.accepted
    return readClientFile(path, reader, accepted, check)
  })
  return { directory, files: withoutRepeated(paths, read, earlier, check) }
}

/** Returns whether a file of the directory, or a secret that one names, is other than it was. */
export async function haveChanged(
  { directory, files }: ClientFiles,
  { listFolder, readFile }: ClientReader,
): Promise<boolean> {
  const present = (await listFolder(directory)).filter((name) => FILE_NAME.test(name))
  const paths = present.map((name) => join(directory, name))
  if (paths.length !== files.size || paths.some((path) => !files.has(path))) return true
  const changed = await mapSome(paths, async (path) => {
    const file = files.get(path)
    const text = await readFile(path).catch(() => undefined)
    const known = isRefused(file) ? file?.refusedText : file?.accepted?.text
    if (text !== known) return true
    const { accepted } = file ?? {}
    return accepted !== undefined && !(await hasSameSecrets(accepted, readFile))
  })
  return changed.includes(true)
}

/** Returns the problems of files whose present content is not in use. */
export function refusedFiles({ files }: ClientFiles): readonly ConfigProblem[] {
  return [...files.values()].flatMap(({ problems }) => problems)
}

function isRefused(file: ClientFile | undefined): boolean {
  return file !== undefined && file.problems.length > 0
}

async function readClientFile(
  path: string,
  reader: ClientReader,
  accepted: Accepted | undefined,
  check: ClientCheck,
): Promise<ClientFile> {
  const refused = (problems: readonly ConfigProblem[], text?: string): ClientFile => ({
    accepted: accepted !== undefined && isFit(accepted, check) ? accepted : undefined,
    problems: problems.map((problem) => ({ ...problem, file: path })),
    refusedText: text,
  })
  let text: string
  try {
    text = await reader.readFile(path)
  } catch (error) {
    return refused([{ path: '', message: `cannot read the file: ${reasonOf(error)}` }])
  }
  if (text.length > FILE_CHARS_MAX) {
    return refused([{ path: '', message: `longer than ${FILE_CHARS_MAX} characters` }], text)
  }
  if (accepted?.text === text && (await hasSameSecrets(accepted, reader.readFile))) {
    if (isFit(accepted, check)) return { accepted, problems: [], refusedText: undefined }
  }
  const document = parseConfigDocument(text)
  if (!document.ok) return refused(document.error, text)
  const problems = new ProblemList(document.value)
  const next = await acceptFile(path, text, reader, document.value, problems)
  if (next !== undefined) check(next.client, problems.add)
  if (next === undefined || problems.size > 0) return refused(problems.sorted(), text)
  return { accepted: next, problems: [], refusedText: undefined }
}

/** Whether a client that was accepted before still fits to the rest of the configuration. */
function isFit({ client }: Accepted, check: ClientCheck): boolean {
  let isGood = true
  check(client, () => {
    isGood = false
  })
  return isGood
}

async function acceptFile(
  path: string,
  text: string,
  reader: ClientReader,
  document: ConfigDocument,
  problems: ProblemList,
): Promise<Accepted | undefined> {
  const warnings = new ProblemList(document)
  const secrets = new Map<string, string>()
  const context: BuildContext = {
    // Relative paths of secrets are relative to the file that names them.
    directory: dirname(path),
    readFile: async (name) => {
      const secret = await reader.readFile(name)
      secrets.set(name, secret)
      return secret
    },
    report: problems.add,
    warn: warnings.add,
  }
  const value = substituteEnvironment(document.value, reader.env, problems.add)
  const parsed = clientSchema.safeParse(value, { error: wordIssue })
  if (!parsed.success) {
    reportIssues(parsed.error.issues, [], problems.add)
    return undefined
  }
  const client = await buildClient(context, [], parsed.data)
  if (client === undefined) return undefined
  const found = warnings.sorted().map((warning) => ({ ...warning, file: path }))
  return { text, secrets, client, warnings: found }
}

async function hasSameSecrets(
  { secrets }: Accepted,
  readFile: ClientReader['readFile'],
): Promise<boolean> {
  for (const [path, text] of secrets) {
    if ((await readFile(path).catch(() => undefined)) !== text) return false
  }
  return true
}

/**
 * Refuses files with a name, an access key or an anonymous client that another file has. Those that
 * are in use come first, so that a new file cannot take their place.
 */
function withoutRepeated(
  paths: readonly string[],
  read: readonly ClientFile[],
  earlier: ClientFiles['files'] | undefined,
  check: ClientCheck,
): ReadonlyMap<string, ClientFile> {
  const claims = new Claims()
  const files = new Map(paths.map((path, i) => [path, read[i] as ClientFile]))
  const changed: string[] = []
  for (const [path, { accepted }] of files) {
    if (accepted === undefined || accepted !== earlier?.get(path)?.accepted) changed.push(path)
    else claims.enter(path, accepted.client)
  }
  for (const path of changed) {
    const file = files.get(path)
    if (file?.accepted === undefined) continue
    const clash = claims.enter(path, file.accepted.client)
    if (clash === undefined) continue
    const before = earlier?.get(path)?.accepted
    const isFree =
      before !== undefined &&
      isFit(before, check) &&
      claims.enter(path, before.client) === undefined
    const problems = [{ ...clash, file: path }]
    files.set(path, {
      accepted: isFree ? before : undefined,
      problems,
      refusedText: file.accepted.text,
    })
  }
  return files
}

/** What only one client can have. */
class Claims {
  readonly #owners = new Map<string, string>()

  /** Enters all that a client claims; or nothing, and returns what another file has. */
  enter(path: string, client: Client): ConfigProblem | undefined {
    const claims = claimsOf(client)
    for (const { key, at, text } of claims) {
      const owner = this.#owners.get(key)
      if (owner !== undefined) return { path: at, message: `${owner} ${text}` }
    }
    for (const { key } of claims) this.#owners.set(key, path)
    return undefined
  }
}

interface Claim {
  readonly key: string
  /** The setting. */
  readonly at: string
  /** What is told of the other file. */
  readonly text: string
}

function claimsOf({ name, identity }: Client): readonly Claim[] {
  const claims = [{ key: `name ${name}`, at: 'name', text: `has the name ${name}; rename one` }]
  if (identity.kind === 'keys') {
    const text = 'has the same key id; issue another'
    claims.push({ key: `key ${identity.accessKeyId}`, at: 'accessKeyId', text })
  } else if (identity.kind === 'anonymous') {
    claims.push({ key: 'anonymous', at: 'anonymous', text: 'is anonymous; only one client can be' })
  }
  return claims
}

/** Maps a list with a limit of calls that run at the same time. */
async function mapSome<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length)
  let next = 0
  const run = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++
      if (i % TURN_FILES === TURN_FILES - 1) await new Promise((resolve) => setImmediate(resolve))
      results[i] = await map(items[i] as T)
    }
  }
  await Promise.all(Array.from({ length: READS_MAX }, run))
  return results
}
