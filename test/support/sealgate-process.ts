import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Environment, Program, type ProgramOptions, SEALGATE } from './program.ts'
import { sumMetric } from './sum-metric.ts'

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
export class SealgateProcess extends Program {
  readonly #configFile: string

  private constructor(configFile: string, options: ProgramOptions) {
    super(process.execPath, [SEALGATE, 'serve', '--config', configFile], options)
    this.#configFile = configFile
  }

  /** Writes the configuration (YAML) into the folder and starts the program; it is not up yet. */
  static async spawn(
    folder: string,
    yaml: string,
    env: Environment = {},
  ): Promise<SealgateProcess> {
    const file = join(folder, 'sealgate.yaml')
    await writeFile(file, yaml)
    return new SealgateProcess(file, { env })
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

  /** Starts it with a file that is there, and waits until it listens; does not stay behind if it fails. */
  static async serve(configFile: string, options: ProgramOptions = {}): Promise<SealgateProcess> {
    const started = new SealgateProcess(configFile, options)
    try {
      await started.logged('listening')
      return started
    } catch (error) {
      await started.close()
      throw error
    }
  }

  /** The port of the first listener. */
  get port(): number {
    return this.#listening.listen?.[0]?.port ?? 0
  }

  /** `http://127.0.0.1:port` of the first listener. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** `http://127.0.0.1:port` of the admin listener. */
  get adminUrl(): string {
    return `http://127.0.0.1:${this.#listening.admin?.port}`
  }

  /** Replaces the configuration; nothing is told of it. */
  configure(yaml: string): Promise<void> {
    return writeFile(this.#configFile, yaml)
  }

  /** The log lines with this text so far. */
  lines(msg: string): readonly LogLine[] {
    const found: LogLine[] = []
    for (const line of this.stderr.split('\n')) {
      if (!line.startsWith('{') || !line.endsWith('}')) continue
      const parsed: LogLine = Object(JSON.parse(line))
      if (parsed.msg === msg) found.push(parsed)
    }
    return found
  }

  /** Waits for the log line with this text, the first or the `count`th; fails if the program ends. */
  logged(msg: string, count = 1): Promise<LogLine> {
    return this.until(`'${msg}'`, () => this.lines(msg)[count - 1])
  }

  /** Sum of a metric over its series that have these labels. */
  metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return sumMetric(this.adminUrl, name, labels)
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
    if (line === undefined) throw new Error(`not listening:\n${this.stderr}`)
    return line
  }
}
