import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The compiled command line of this build. */
export const SEALGATE = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** Changes of the environment; undefined: not set. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface ProgramOptions {
  readonly env?: Environment
  /** Nothing of this machine's own: no AWS profile, no proxy. */
  readonly isAlone?: boolean
  /** Takes both outputs; nothing waits for this process to read. */
  readonly outputFile?: string
}

/** How a program ended. */
export interface ProgramEnd {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Longer than any start on a machine under load. */
const WAIT_MS = 120_000

const ALONE: Environment = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent' }

/** A program that runs beside the tests. */
export class Program {
  readonly #child: ChildProcess
  readonly #end: Promise<ProgramEnd>
  readonly #watchers = new Set<() => void>()
  #isRunning = true
  #stdout = ''
  #stderr = ''

  constructor(command: string, args: readonly string[], options: ProgramOptions = {}) {
    const { outputFile, isAlone = false, env } = options
    const file = outputFile === undefined ? undefined : openSync(outputFile, 'a')
    this.#child = spawn(command, args, {
      stdio: ['ignore', file ?? 'pipe', file ?? 'pipe'],
      // biome-ignore lint/style/noProcessEnv: the program's environment is this one with changes
      env: { ...(isAlone ? ALONE : process.env), ...env },
    })
    if (file !== undefined) closeSync(file)
    this.#child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      this.#stdout += part
      this.#look()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      this.#stderr += part
      this.#look()
    })
    this.#end = new Promise((resolve) => {
      const ended = (code: number | null, signal: string | null): void => {
        this.#isRunning = false
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr })
        this.#look()
      }
      this.#child.on('exit', () => {
        this.#isRunning = false
      })
      this.#child.on('close', ended)
      this.#child.on('error', (error) => {
        this.#stderr += error.message
        ended(null, null)
      })
    })
  }

  /** A command of this build. */
  static sealgate(args: readonly string[], options: ProgramOptions = {}): Program {
    return new Program(process.execPath, [SEALGATE, ...args], options)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Ends with the program, and with all that hold its outputs. */
  get end(): Promise<ProgramEnd> {
    return this.#end
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** Its stdout is not read until the returned function is called. */
  pauseOutput(): () => void {
    this.#child.stdout?.pause()
    return () => this.#child.stdout?.resume()
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Sends SIGTERM and gives the exit code; after `timeoutMs` SIGKILL, and null. */
  async stop(timeoutMs = 30_000): Promise<number | null> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    const { code } = await this.#end
    clearTimeout(timer)
    return code
  }

  /** For `t.teardown`: ends it if it still runs. */
  async close(): Promise<void> {
    if (this.#isRunning) this.#child.kill('SIGKILL')
    await this.#end
  }

  /** Waits for this in one of its outputs. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return this.until(
      String(pattern),
      () => pattern.exec(this.#stdout) ?? pattern.exec(this.#stderr) ?? undefined,
    )
  }

  /** Looks whenever something is written; fails if the program ends without it. */
  until<T>(name: string, find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const look = (): void => {
        const found = find()
        if (found === undefined && this.#isRunning && !isLate) return
        clearTimeout(timer)
        this.#watchers.delete(look)
        if (found !== undefined) resolve(found)
        else reject(new Error(`did not write ${name}:\n${this.#stdout}\n${this.#stderr}`))
      }
      const timer = setTimeout(() => {
        isLate = true
        look()
      }, WAIT_MS)
      this.#watchers.add(look)
      look()
    })
  }

  #look(): void {
    for (const look of [...this.#watchers]) look()
  }
}
