import { isDeepStrictEqual } from 'node:util'
import type { Result } from '../base/result.ts'
import { settledWithin } from '../base/settled-within.ts'
import { haveChanged, refusedFiles } from '../config/client-directory.ts'
import type { ConfigProblem } from '../config/config.ts'
import { type ConfigError, formatProblem } from '../config/problems.ts'
import type { Log } from '../telemetry/log.ts'
import {
  type ConfigSnapshot,
  certificateFiles,
  type SnapshotSource,
  takeSnapshot,
} from './config-snapshot.ts'
import { fixedSettingProblems } from './fixed-settings.ts'
import { upstreamCa } from './running-service.ts'
import { type FileWatch, watchFiles } from './watch-files.ts'

/** The options of a reloader. */
interface ReloaderOptions {
  /** The current snapshot. */
  readonly snapshot: ConfigSnapshot
  readonly source: SnapshotSource
  readonly log: Log
  /** Applies the snapshot completely; or changes nothing and returns the problems. */
  readonly apply: (
    next: ConfigSnapshot,
    keepsUpstream: boolean,
  ) => Promise<readonly ConfigProblem[]>
  /** Counts the results. */
  readonly onResult: (result: 'success' | 'failure') => void
}

/** More than a reload needs if it does not have to wait. */
const CLOSE_MS = 1_000

type Reason = 'signal' | 'file' | 'certificates'

/**
 * Replaces the configuration while the proxy runs: on a signal, when the file changes (if
 * `reload.watch` is set), and always when certificates change. One reload at a time. An invalid
 * configuration is refused completely and logged with all problems, and the previous one stays in
 * use.
 */
export class Reloader {
  readonly #options: ReloaderOptions
  #snapshot: ConfigSnapshot
  #refused: ReadonlyMap<string, string | undefined> | undefined
  #watch: FileWatch | undefined
  #running: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: ReloaderOptions) {
    this.#options = options
    this.#snapshot = options.snapshot
  }

  /** The current snapshot. */
  get snapshot(): ConfigSnapshot {
    return this.#snapshot
  }

  /** Reads everything again; returns whether the new configuration was applied. */
  reload(): Promise<boolean> {
    return this.#inTurn(() => this.#replace('signal', this.#options.source))
  }

  /** Starts to watch the files. */
  watch(): void {
    this.#watch?.close()
    if (this.#isClosed) return
    const { config } = this.#snapshot
    const { clientFiles } = config
    const folders = config.reload.watch && clientFiles !== undefined ? [clientFiles.directory] : []
    const onChange = () => {
      this.#inTurn(() => this.#look()).catch(() => undefined)
    }
    this.#watch = watchFiles(this.#watchedFiles(), onChange, undefined, folders)
  }

  /**
   * Ends with the running reload, but soon. A reload that waits for credentials, or for a hanging
   * worker, takes up to two minutes, and a stopping process would be killed meanwhile.
   */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#watch?.close()
    await settledWithin(this.#running, CLOSE_MS)
  }

  #inTurn(step: () => Promise<boolean>): Promise<boolean> {
    const turn = this.#running.then(async () => !this.#isClosed && (await step()))
    this.#running = turn.catch(() => undefined)
    return turn
  }

  #watchedFiles(): readonly string[] {
    const { config, files } = this.#snapshot
    return config.reload.watch ? [...files.keys()] : certificateFiles(config)
  }

  /** Compares the files with the texts in use; applies changes. */
  async #look(): Promise<boolean> {
    const { source } = this.#options
    const now = new Map<string, string>()
    const readNow = async (path: string): Promise<string> => {
      const text = now.get(path) ?? (await source.readFile(path))
      now.set(path, text)
      return text
    }
    const before = this.#snapshot
    const changed = new Map<string, string | undefined>()
    for (const path of this.#watchedFiles()) {
      const text = await readNow(path).catch(() => undefined)
      if (text !== before.files.get(path)) changed.set(path, text)
    }
    await this.#lookAtClients(changed)
    if (changed.size === 0) {
      this.#refused = undefined
      return false
    }
    // Reports a refused change only once, because the files are compared every minute.
    if (this.#refused !== undefined && isDeepStrictEqual(changed, this.#refused)) return false
    const certificates = new Set(certificateFiles(before.config))
    const isWhole = [...changed.keys()].some((path) => !certificates.has(path))
    const isDone = isWhole
      ? await this.#replace('file', { ...source, readFile: readNow })
      : await this.#replace('certificates', {
          ...source,
          directoryClients: before.config.clientFiles && before.config.clients,
          // Only the certificates are replaced: an edited configuration waits for its own reload.
          readFile: async (path) =>
            certificates.has(path) ? readNow(path) : (before.files.get(path) ?? readNow(path)),
        })
    this.#refused = isDone ? undefined : changed
    return isDone
  }

  /** Notes whether the directory of clients has changed. */
  async #lookAtClients(changed: Map<string, string | undefined>): Promise<void> {
    const { clientFiles, reload } = this.#snapshot.config
    const { listFolder, readClientFile, readFile, env } = this.#options.source
    if (!reload.watch || clientFiles === undefined || listFolder === undefined) return
    const { directory } = clientFiles
    try {
      const isChanged = await haveChanged(clientFiles, {
        listFolder,
        readFile: readClientFile ?? readFile,
        env,
      })
      // Each change is tried: no two are the same.
      if (isChanged) changed.set(directory, String(performance.now()))
    } catch {
      changed.set(directory, undefined)
    }
  }

  async #replace(reason: Reason, source: SnapshotSource): Promise<boolean> {
    const { log, onResult } = this.#options
    try {
      const problems = await this.#tryReplace(reason, await takeSnapshot(source, this.#snapshot))
      if (problems.length > 0) {
        log.error(
          { reason, problems: problems.map((problem) => formatProblem(source.path, problem)) },
          'the new configuration is refused; still using the previous one',
        )
      }
      onResult(problems.length === 0 && this.#refusedClients().length === 0 ? 'success' : 'failure')
      return problems.length === 0
    } catch (err) {
      log.error({ reason, err }, 'the reload failed; still using the previous configuration')
      onResult('failure')
      return false
    }
  }

  async #tryReplace(
    reason: Reason,
    taken: Result<ConfigSnapshot, ConfigError>,
  ): Promise<readonly ConfigProblem[]> {
    if (!taken.ok) return taken.error.problems
    const [before, next] = [this.#snapshot, taken.value]
    const fixed = fixedSettingProblems(before.config, next.config)
    if (fixed.length > 0) return fixed
    const keepsUpstream = reason === 'certificates' && upstreamCa(before) === upstreamCa(next)
    const problems = await this.#options.apply(next, keepsUpstream)
    if (problems.length > 0) return problems
    this.#snapshot = next
    const { log } = this.#options
    for (const { path, file, message } of next.config.warnings) log.warn({ path, file }, message)
    log.info({ reason }, reason === 'certificates' ? 'certificates renewed' : 'reloaded')
    const refused = this.#refusedClients()
    if (refused.length > 0) {
      log.error(
        { reason, problems: refused },
        'files of clients are refused; each keeps the client that it had, if any',
      )
    }
    if (this.#watch !== undefined) this.watch()
    return []
  }

  #refusedClients(): readonly string[] {
    const { path, config } = this.#snapshot
    const { clientFiles } = config
    if (clientFiles === undefined) return []
    return refusedFiles(clientFiles).map((problem) => formatProblem(path, problem))
  }
}
