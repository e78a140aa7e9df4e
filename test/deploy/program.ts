import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const START_TIMEOUT_MS = 20_000

/** The compiled command line of this build. */
export const SEALGATE = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** A server that runs beside the checks. */
export class Program {
  readonly child: ChildProcess
  /** Lines of standard output and standard error, in the order of their arrival. */
  readonly lines: string[] = []
  readonly #exit: Promise<number>
  #wake: () => void = () => {}

  constructor(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    const path = '/usr/local/bin:/usr/bin:/bin'
    this.child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Nothing of the machine's own: no AWS profile, no proxy.
      env: { PATH: path, HOME: '/nonexistent', ...env },
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line)
        this.#wake()
      })
    }
    this.#exit = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.lines.push(error.message)
        resolve(-1)
      })
      this.child.on('close', (code) => resolve(code ?? -1))
    })
    void this.#exit.then(() => this.#wake())
  }

  /** The first line that matches, now or later; throws when the program ends or time runs out. */
  async waitForLine(pattern: RegExp, timeoutMs = START_TIMEOUT_MS): Promise<RegExpExecArray> {
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      this.#wake()
    }, timeoutMs)
    try {
      for (let seen = 0; ; ) {
        for (; seen < this.lines.length; seen++) {
          const match = pattern.exec(this.lines[seen] ?? '')
          if (match !== null) return match
        }
        if (this.child.exitCode !== null || this.child.signalCode !== null || isLate) {
          throw new Error(`no line ${pattern}:\n${this.lines.slice(-20).join('\n')}`)
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends SIGTERM and gives the exit status; after `timeoutMs` SIGKILL, and -1. */
  async stop(timeoutMs = 30_000): Promise<number> {
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs)
    const status = await this.#exit
    clearTimeout(timer)
    return status
  }
}

/** A running `sealgate serve` and where it listens. */
export interface RunningSealgate {
  readonly program: Program
  readonly endpoint: string
  readonly admin: string
}

/** Starts `sealgate serve`; the configuration asks for free ports. */
export async function startSealgate(
  configFile: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningSealgate> {
  const program = new Program(process.execPath, [SEALGATE, 'serve', '--config', configFile], env)
  const [line] = await startOrStop(program, /^\{.*"msg":"listening".*\}$/)
  const { listen, admin } = JSON.parse(line)
  return {
    program,
    endpoint: `http://127.0.0.1:${listen[0].port}`,
    admin: `http://127.0.0.1:${admin.port}`,
  }
}

/** Starts the embedded S3 as a server of its own; gives its URL. */
export async function startSandbox(
  dataFolder: string,
): Promise<{ readonly program: Program; readonly endpoint: string }> {
  const args = [SEALGATE, 'sandbox', '--address', '127.0.0.1:0', '--data', dataFolder]
  const program = new Program(process.execPath, args)
  const [, endpoint = ''] = await startOrStop(program, /embedded S3 at (http:\S+?),/)
  return { program, endpoint }
}

/** Nothing stays behind when a program does not come up. */
async function startOrStop(program: Program, pattern: RegExp): Promise<RegExpExecArray> {
  try {
    return await program.waitForLine(pattern)
  } catch (error) {
    await program.stop(2_000)
    throw error
  }
}

/** A loopback port that nobody uses at the moment. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
