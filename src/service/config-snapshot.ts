import { randomBytes } from 'node:crypto'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client, Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { loadConfig } from '../config/load.ts'
import type { ConfigError } from '../config/problems.ts'

/** A configuration together with the text of every file that it was built from. */
export interface ConfigSnapshot {
  /** The configuration file. */
  readonly path: string
  readonly config: Config
  /** The configuration file, secrets, certificates and keys, by the path they were read from. */
  readonly files: ReadonlyMap<string, string>
  /** Keys of TLS session tickets (48 bytes), the same in all workers; new with each snapshot. */
  readonly ticketKeys: Buffer
}

/** The source of a snapshot's texts. */
export interface SnapshotSource {
  readonly path: string
  /** Reads UTF-8 text. */
  readonly readFile: (path: string) => Promise<string>
  /** Reads the files of clients; default: `readFile`. */
  readonly readClientFile?: (path: string) => Promise<string>
  /** The names in a folder. */
  readonly listFolder?: (path: string) => Promise<readonly string[]>
  readonly env: Environment
  /** The clients of a directory, which is then not read. */
  readonly directoryClients?: readonly Client[] | undefined
  /** The container's memory limit. */
  readonly memoryBytes?: number | undefined
}

/**
 * Loads a configuration and keeps the texts that were read, so that the validated texts are the
 * ones in use: in this process, in each worker, and after a file has changed again. `before`: the
 * snapshot in use, whose clients remain where the files of a directory are refused.
 */
export async function takeSnapshot(
  source: SnapshotSource,
  before?: ConfigSnapshot,
): Promise<Result<ConfigSnapshot, ConfigError>> {
  const { path, env, memoryBytes, listFolder, directoryClients } = source
  const files = new Map<string, string>()
  const readFile = async (file: string): Promise<string> => {
    const text = files.get(file) ?? (await source.readFile(file))
    files.set(file, text)
    return text
  }
  const loaded = await loadConfig({
    path,
    readFile,
    listFolder,
    // Their texts are kept with the clients.
    readClientFile: source.readClientFile ?? source.readFile,
    directoryClients,
    clientFiles: before?.config.clientFiles,
    env,
    memoryBytes,
  })
  if (!loaded.ok) return failure(loaded.error)
  return ok({ path, config: loaded.value, files, ticketKeys: randomBytes(48) })
}

/** A snapshot in the form sent to another process; plain data for structured cloning. */
export interface SnapshotParcel {
  readonly path: string
  readonly files: ReadonlyMap<string, string>
  readonly ticketKeys: Buffer
  /** The clients of a directory: they need no second parsing. */
  readonly directoryClients: readonly Client[] | undefined
}

/** Converts a snapshot for sending. */
export function packSnapshot({ path, config, files, ticketKeys }: ConfigSnapshot): SnapshotParcel {
  const directoryClients = config.clientFiles === undefined ? undefined : config.clients
  return { path, files, ticketKeys, directoryClients }
}

/** Loads a received snapshot from its own texts only: the same configuration as the sender's. */
export async function unpackSnapshot(
  { path, files, ticketKeys, directoryClients }: SnapshotParcel,
  env: Environment,
): Promise<Result<ConfigSnapshot, ConfigError>> {
  const readFile = async (file: string): Promise<string> => {
    const text = files.get(file)
    if (text === undefined) throw new Error('the snapshot does not contain it')
    return text
  }
  const taken = await takeSnapshot({ path, readFile, env, directoryClients })
  return taken.ok ? ok({ ...taken.value, ticketKeys: Buffer.from(ticketKeys) }) : taken
}

/**
 * Files whose changes are always applied, whatever `reload.watch` says: certificates and their
 * keys, and the keys of `sts`.
 */
export function certificateFiles({ listen, upstream, sts }: Config): readonly string[] {
  const paths = new Set<string>()
  for (const { tls, egress } of listen) {
    for (const path of [tls?.certFile, tls?.keyFile, tls?.clientCaFile]) add(paths, path)
    for (const path of [egress?.ca?.certFile, egress?.ca?.keyFile]) add(paths, path)
  }
  add(paths, upstream.caFile)
  for (const path of sts?.files ?? []) add(paths, path)
  return [...paths]
}

function add(paths: Set<string>, path: string | undefined): void {
  if (path !== undefined) paths.add(path)
}
