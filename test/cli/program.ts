import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The compiled command line of this build. */
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** A command that runs in a process of its own until it is told to stop. */
export class Program {
  readonly #child: ChildProcess
  #output = ''
  #wake: () => void = () => undefined

  constructor(...args: readonly string[]) {
    this.#child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString('utf8')
        this.#wake()
      })
    }
    this.#child.on('exit', () => this.#wake())
  }

  /** Standard output and error so far. */
  get output(): string {
    return this.#output
  }

  /** Waits until the output matches; throws where the program ends before. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output)
      if (match !== null) return match
      if (this.#child.exitCode !== null) throw new Error(`ended before ${pattern}: ${this.#output}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Sends SIGTERM and gives the exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    return this.ended()
  }

  /** The exit code, once it has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, 'exit')
    }
    return this.#child.exitCode
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
