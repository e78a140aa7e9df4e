import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Block } from '../support/pages.ts'
import { type Environment, Program, SEALGATE } from '../support/program.ts'

const LIMIT_MS = 300_000
const OUTPUT_BYTES_MAX = 16 << 20

/** What of a block is another here than for the reader. */
export interface Differences {
  /** Texts that may be in the block, and what stands for them here. */
  readonly replace?: Readonly<Record<string, string>>
  readonly env?: Environment
  /** Below the shell's folder; left out: that folder. */
  readonly folder?: string
}

/** How a block ended. */
export interface BlockEnd {
  readonly code: number | null
  readonly stdout: string
  /** Both outputs. */
  readonly output: string
}

/** How a line of a block ended. */
export interface LineEnd extends BlockEnd {
  readonly line: string
}

/**
 * Runs the `sh` blocks of pages as they stand there, with the machine's own shell, and remembers which.
 * Its folder is home and working folder; programs that are put there come first.
 */
export class PageShell {
  readonly folder: string
  readonly #env: Environment
  readonly #ran: Set<string>

  /** `ran` takes the blocks that were run. */
  constructor(folder: string, ran: Set<string>, env: Environment = {}) {
    this.folder = folder
    this.#ran = ran
    this.#env = env
    mkdirSync(join(folder, 'bin'), { recursive: true })
    this.program('sealgate', `exec ${process.execPath} ${SEALGATE} "$@"`)
    this.program('npx', 'exec "$@"')
  }

  /** Puts a program there: a script for the shell. */
  program(name: string, script: string): void {
    const file = join(this.folder, 'bin', name)
    writeFileSync(file, `#!/bin/sh\n${script}\n`)
    chmodSync(file, 0o755)
  }

  /** The path of a file of the folder. */
  path(name: string): string {
    return join(this.folder, name)
  }

  /** Runs it; throws if it fails. Returns its standard output. */
  async run(block: Block, differences: Differences = {}): Promise<string> {
    const { code, stdout, output } = await this.attempt(block, differences)
    if (code !== 0) throw new Error(`exit code ${code} of\n${block.text}\n${output}`)
    return stdout
  }

  /** Runs it, however it ends. */
  async attempt(block: Block, differences: Differences = {}): Promise<BlockEnd> {
    return this.execute(this.#scriptOf(block, differences), differences)
  }

  /** Runs each line by itself, however it ends; before each, the block `first`. */
  async attemptLines(
    block: Block,
    differences: Differences = {},
    first?: Block,
  ): Promise<readonly LineEnd[]> {
    const before = first === undefined ? '' : this.#scriptOf(first, differences)
    const ends: LineEnd[] = []
    for (const line of this.#scriptOf(block, differences).trim().split('\n')) {
      ends.push({ line, ...(await this.execute(before + line, differences)) })
    }
    return ends
  }

  /** Runs blocks of a page in one shell, so that variables stay. */
  runTogether(blocks: readonly Block[], differences: Differences = {}): Promise<string> {
    const [first] = blocks
    if (first === undefined) throw new Error('no blocks')
    for (const block of blocks) this.#ran.add(blockId(block))
    return this.run({ ...first, text: blocks.map(({ text }) => text).join('') }, differences)
  }

  /** Runs a script that is on no page; stops at the first command that fails. */
  async execute(script: string, { env, folder = '' }: Differences = {}): Promise<BlockEnd> {
    const child = spawn('/bin/sh', ['-euc', script], {
      cwd: join(this.folder, folder),
      env: { ...this.#environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    })
    let [stdout, output] = ['', '']
    const take = (part: string): void => {
      output += part
      if (output.length > OUTPUT_BYTES_MAX) child.kill('SIGKILL')
    }
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      stdout += part
      take(part)
    })
    child.stderr.setEncoding('utf8').on('data', take)
    const [code] = await once(child, 'close')
    return { code: typeof code === 'number' ? code : null, stdout, output }
  }

  /** Starts a block that ends by SIGTERM only; the caller ends it. */
  start(block: Block, differences: Differences = {}): Program {
    const script = this.#scriptOf(block, differences)
    // In the shell's own process, so that it gets the signal; `env` for its assignments.
    const text = `cd '${join(this.folder, differences.folder ?? '')}' && exec env ${script.trimStart()}`
    return new Program('/bin/sh', ['-euc', text], {
      isAlone: true,
      env: { ...this.#environment, ...differences.env },
    })
  }

  get #environment(): Environment {
    const path = [this.path('bin'), dirname(process.execPath), '/usr/bin', '/bin', '/usr/sbin']
    return { PATH: path.join(':'), HOME: this.folder, LC_ALL: 'C.UTF-8', ...this.#env }
  }

  #scriptOf(block: Block, { replace = {} }: Differences): string {
    this.#ran.add(blockId(block))
    return Object.entries(replace).reduce(
      (script, [text, here]) => script.replaceAll(text, here),
      block.text,
    )
  }
}

/** What a block is remembered by. */
export function blockId({ page, heading, text }: Block): string {
  return JSON.stringify([page, heading, text])
}
