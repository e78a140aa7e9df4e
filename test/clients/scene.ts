import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Access } from '../support/access.ts'
import type { S3Client } from '../support/s3-client.ts'
import { encodeKey } from '../support/signer.ts'

/** What a command gets beside its arguments. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  /** A file for its standard input. */
  readonly input?: string
}

/** How a command ended. */
export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const TIMEOUT_MS = 600_000
const LARGE_BYTES = (11 << 20) + 3

/** Files of the tree that is synchronised: names that programs stumble over, and nested folders. */
const TREE: Readonly<Record<string, number>> = {
  'empty.txt': 0,
  'one.txt': 1,
  'readme with space.txt': 700,
  'a+b=c&d;e.txt': 300,
  'ümlaut/日本.txt': 900,
  'deep/er/and/deeper/file.bin': 70_000,
  'percent%41.txt': 40,
  "quote'd (1) [x].txt": 50,
  'medium.bin': 1_200_000,
}

/**
 * One client with a bucket of its own and a folder on disk. The client's features tell what has to be in
 * the bucket; the suite then asks the S3 server itself.
 */
export class Scene {
  readonly access: Access
  /** The S3 server itself, past whatever stands in front. */
  readonly upstream: S3Client
  readonly bucket: string
  /** Work folder, also HOME of the commands. */
  readonly folder: string
  /** SHA-256 of what each key has to hold. */
  readonly expected = new Map<string, string>()
  /** What was there before Sealgate; not judged. */
  readonly seeded = new Set<string>()
  /** The client chooses its own keys: only the encryption of what is there is judged, not names. */
  namesAreItsOwn = false

  constructor(access: Access, upstream: S3Client, bucket: string, folder: string) {
    this.access = access
    this.upstream = upstream
    this.bucket = bucket
    this.folder = folder
    mkdirSync(folder, { recursive: true })
  }

  get endpoint(): string {
    return `http://${this.access.address.host}:${this.access.address.port}`
  }

  /** `https://…`, and the authority's PEM file. */
  get tls(): { readonly endpoint: string; readonly host: string; readonly caFile: string } {
    const { address, tls } = this.access
    if (tls === undefined) throw new Error('no listener with TLS')
    const host = `${address.host}:${tls.port}`
    return { endpoint: `https://${host}`, host, caFile: tls.caFile }
  }

  /** A path in the work folder. */
  path(name: string): string {
    return join(this.folder, name)
  }

  /** Writes a file of random octets (once) and gives its path. */
  file(name: string, bytes: number): string {
    const path = this.path(name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, randomBytes(bytes))
    return path
  }

  /** A file that every client sends in parts. */
  largeFile(name = 'large.bin'): string {
    return this.file(name, LARGE_BYTES)
  }

  /** A folder tree; gives its relative names. */
  tree(name: string): readonly string[] {
    for (const [file, bytes] of Object.entries(TREE)) this.file(join(name, file), bytes)
    for (let i = 0; i < 20; i++) this.file(join(name, 'many', `${i}.dat`), i * 97)
    return this.filesUnder(name)
  }

  /** Relative names of all files under a folder of the work folder. */
  filesUnder(name: string): readonly string[] {
    const base = this.path(name)
    return readdirSync(base, { recursive: true, encoding: 'utf8' })
      .map((file) => join(base, file))
      .filter((file) => statSync(file).isFile())
      .map((file) => relative(base, file))
      .sort()
  }

  /** Says that the bucket now has to hold this content (a path of the work folder, or octets). */
  holds(key: string, content: string | Buffer): void {
    const data = typeof content === 'string' ? readFileSync(content) : content
    this.expected.set(key, createHash('sha256').update(data).digest('hex'))
  }

  /** Says that the key has to be gone. */
  holdsNot(key: string): void {
    this.expected.delete(key)
  }

  /**
   * Puts an object at the S3 server itself, as somebody did before Sealgate came: without the policy's
   * encryption. Gives a file of the same content.
   */
  async seed(key: string, bytes: number): Promise<string> {
    const path = this.file(`seed-${key}`, bytes)
    const body = readFileSync(path)
    const target = `/${this.bucket}/${encodeKey(key)}`
    const answer = await this.upstream.send({ method: 'PUT', target, body })
    if (answer.status !== 200) throw new Error(`seed ${key}: ${answer.status} ${answer.body}`)
    this.seeded.add(key)
    return path
  }

  /** Throws when the two files differ. */
  same(path: string, other: string): void {
    if (!readFileSync(path).equals(readFileSync(other))) throw new Error(`${other} differs`)
  }

  /** Throws when two folders of the work folder differ in names or contents. */
  sameTree(name: string, other: string): void {
    const files = this.filesUnder(name)
    const found = this.filesUnder(other)
    if (files.join('\n') !== found.join('\n')) {
      throw new Error(`${other} holds ${found.join(', ')}; expected ${files.join(', ')}`)
    }
    for (const file of files) this.same(join(this.path(name), file), join(this.path(other), file))
  }

  /** Runs a command with a clean environment; throws with its output when it fails. */
  async command(
    program: string,
    args: readonly string[],
    options: CommandOptions = {},
  ): Promise<string> {
    const result = await this.tryCommand(program, args, options)
    if (result.code !== 0) {
      const output = `${result.stdout.slice(-1500)}\n${result.stderr.slice(-1500)}`
      throw new Error(`${program} ${args.join(' ')}: exit ${result.code}\n${output}`)
    }
    return result.stdout
  }

  /** Runs a command and gives how it ended. */
  tryCommand(
    program: string,
    args: readonly string[],
    options: CommandOptions = {},
  ): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const input = options.input === undefined ? 'ignore' : openSync(options.input, 'r')
      const child = spawn(program, args, {
        cwd: this.folder,
        env: { ...this.environment(), ...options.env },
        stdio: [input, 'pipe', 'pipe'],
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      })
      const stdout: Buffer[] = []
      const stderr: Buffer[] = []
      child.stdout?.on('data', (part: Buffer) => stdout.push(part))
      child.stderr?.on('data', (part: Buffer) => stderr.push(part))
      child.on('error', reject)
      child.on('close', (code) => {
        if (typeof input === 'number') closeSync(input)
        resolve({
          code,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString(),
        })
      })
    })
  }

  /** What AWS's programs read, and nothing of the machine's own. */
  environment(): Record<string, string> {
    return {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: this.folder,
      LANG: 'C.UTF-8',
      AWS_ACCESS_KEY_ID: this.access.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: this.access.keys.secretAccessKey,
      AWS_DEFAULT_REGION: this.access.region,
      AWS_REGION: this.access.region,
      AWS_EC2_METADATA_DISABLED: 'true',
      // boto3 beside Debian's awscli finds half of awscrt and fails.
      BOTO_DISABLE_CRT: 'true',
      AWS_PAGER: '',
      // What fails is to be seen, not tried again.
      AWS_MAX_ATTEMPTS: '1',
    }
  }
}

/** Throws unless both are equal. */
export function mustEqual(seen: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(seen), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: expected ${b}, saw ${a}`)
}
