import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** Changes of the environment; undefined: not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** How the program ended. */
export interface ProgramEnd {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A line of the log, as far as tests look at it. */
export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly pid: number
  readonly worker?: number
  readonly reason?: string
  readonly lostLines?: number
  readonly brokenLines?: number
  readonly problems?: readonly string[]
  readonly listen?: readonly { readonly port: number }[]
  readonly admin?: { readonly port: number }
}

/** `sealgate serve` as a process of its own: the program that operators run. */
export class SealgateProcess {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #end: Promise<ProgramEnd>
  readonly #watchers = new Set<() => void>()
  #stdout = ''
  #stderr = ''

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder
    this.#child = child
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      this.#stdout += part
    })
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      this.#stderr += part
      for (const look of [...this.#watchers]) look()
    })
    this.#end = once(child, 'close').then(([code, signal]) => {
      for (const look of [...this.#watchers]) look()
      return { code, signal, stdout: this.#stdout, stderr: this.#stderr }
    })
  }

  /** Writes the configuration (YAML) into the folder and starts the program; it is not up yet. */
  static async spawn(
    folder: string,
    yaml: string,
    env: Environment = {},
  ): Promise<SealgateProcess> {
    await writeFile(join(folder, 'sealgate.yaml'), yaml)
    const args = [MAIN, 'serve', '--config', join(folder, 'sealgate.yaml')]
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // biome-ignore lint/style/noProcessEnv: the program's environment is this one with changes
      env: { ...process.env, ...env },
    })
    return new SealgateProcess(folder, child)
  }

  /** The same, and waits until it listens. */
  static async start(
    folder: string,
    yaml: string,
    env: Environment = {},
  ): Promise<SealgateProcess> {
    const started = await SealgateProcess.spawn(folder, yaml, env)
    await started.logged('listening')
    return started
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The port of the first listener. */
  get port(): number {
    return this.#listening.listen?.[0]?.port ?? 0
  }

  /** `http://127.0.0.1:port` of the admin listener. */
  get adminUrl(): string {
    return `http://127.0.0.1:${this.#listening.admin?.port}`
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Ends with the program. */
  get end(): Promise<ProgramEnd> {
    return this.#end
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Its stdout is not read until the returned function is called. */
  pauseOutput(): () => void {
    this.#child.stdout?.pause()
    return () => this.#child.stdout?.resume()
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** For `t.teardown`: ends it if it still runs. */
  async close(): Promise<void> {
    if (this.isRunning) this.#child.kill('SIGKILL')
    await this.#end
  }

  /** Replaces the configuration; nothing is told of it. */
  configure(yaml: string): Promise<void> {
    return writeFile(join(this.#folder, 'sealgate.yaml'), yaml)
  }

  /** The log lines with this text so far. */
  lines(msg: string): readonly LogLine[] {
    const found: LogLine[] = []
    for (const line of this.#stderr.split('\n')) {
      if (!line.startsWith('{') || !line.endsWith('}')) continue
      const parsed: LogLine = Object(JSON.parse(line))
      if (parsed.msg === msg) found.push(parsed)
    }
    return found
  }

  /** Waits for the log line with this text, the first or the `count`th; fails if the program ends. */
  logged(msg: string, count = 1): Promise<LogLine> {
    return this.#await(`'${msg}'`, () => this.lines(msg)[count - 1])
  }

  /** Waits for this in what is written to stderr. */
  errorWith(pattern: RegExp): Promise<string> {
    return this.#await(String(pattern), () => pattern.exec(this.#stderr)?.[0])
  }

  #await<T>(name: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find()
        if (found === undefined && this.isRunning) return
        this.#watchers.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error(`ended before it wrote ${name}:\n${this.#stderr}`))
      }
      this.#watchers.add(look)
      look()
    })
  }

  /** Sum of a metric over its series whose labels include the text. */
  async metric(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.adminUrl}/metrics`)).text()
    let sum = 0
    for (const line of text.split('\n')) {
      const [, series, found = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      if (series === name && found.includes(labels)) sum += Number(value)
    }
    return sum
  }

  /** Waits until a request is under way. */
  async busy(): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if ((await this.metric('sealgate_inflight_requests')) > 0) return
    }
    throw new Error('no request comes through')
  }

  get #listening(): LogLine {
    const [line] = this.lines('listening')
    if (line === undefined) throw new Error(`not listening:\n${this.#stderr}`)
    return line
  }
}
