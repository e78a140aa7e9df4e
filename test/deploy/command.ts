import { spawn } from 'node:child_process'

/** How a program ended and what it wrote. */
export interface Completed {
  /** Exit status; -1: ended by a signal, or not started. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly timeoutMs?: number
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program to its end, without a shell and without standard input. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Completed> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      // biome-ignore lint/style/noProcessEnv: the tools need PATH and the registry's settings
      env: { ...process.env, ...options.env },
    })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', (error) => resolve({ status: -1, stdout: '', stderr: error.message }))
    child.on('close', (code) => {
      const text = (chunks: readonly Buffer[]) => Buffer.concat(chunks).toString('utf8')
      resolve({ status: code ?? -1, stdout: text(stdout), stderr: text(stderr) })
    })
  })
}

/** Runs a program that must succeed and gives its standard output; throws with its last words. */
export async function runOrThrow(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await runCommand(program, args, options)
  if (status === 0) return stdout
  const lastWords = `${stdout}\n${stderr}`.trim().split('\n').slice(-40).join('\n')
  throw new Error(`${program} ${args.join(' ')}: status ${status}\n${lastWords}`)
}

/** Whether a program is there. */
export async function isInstalled(program: string): Promise<boolean> {
  return (await runCommand('sh', ['-c', `command -v ${program}`])).status === 0
}
