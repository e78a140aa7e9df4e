import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Report } from '../support/report.ts'
import type { SuiteSealgate } from '../support/suite-sealgate.ts'
import { checkBucket, listAll } from './check-bucket.ts'
import type { ClientProgram, Task } from './client-programs.ts'
import { debianVersion } from './debian-version.ts'
import type { Upstream } from './run-client.ts'
import { type CommandResult, mustEqual, Scene } from './scene.ts'

const PROGRAMS = 'test/clients/programs'
const RUNNERS: Readonly<Record<string, string>> = {
  mjs: process.execPath,
  py: '/usr/bin/python3',
  rb: '/usr/bin/ruby',
  pl: '/usr/bin/perl',
  sh: '/bin/bash',
}

/** What proves a task in the audit: one of these operations, with a success. */
const OPERATIONS: Readonly<Partial<Record<Task, readonly string[]>>> = {
  parts: ['CompleteMultipartUpload'],
  list: ['ListObjectsV2', 'ListObjects'],
  delete: ['DeleteObject', 'DeleteObjects'],
}

/**
 * The folder of the programs, with the packages at the versions and hashes of programs/package-lock.json; about a gigabyte, no
 * install scripts. It is no `npm ci`: that fails where a registry lacks the optional packages of other platforms.
 */
export async function installPrograms(
  folder: string,
  withNpm: boolean,
  print: (line: string) => void,
): Promise<void> {
  cpSync(PROGRAMS, folder, { recursive: true })
  if (!withNpm) return
  print(`# installing ${PROGRAMS}/package-lock.json`)
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  const options = ['install', '--ignore-scripts', '--legacy-peer-deps', ...quiet]
  await promisify(execFile)('npm', options, { cwd: folder, maxBuffer: 16 << 20 })
}

/** Runs programs through Sealgate, two at once; each prints its result, version and seconds. */
export async function runPrograms(
  programs: readonly ClientProgram[],
  upstream: Upstream,
  sealgate: SuiteSealgate,
  folder: string,
  report: Report,
  print: (line: string) => void,
): Promise<void> {
  const waiting = [...programs]
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const program = one
      const title = `${one.name} ${await versionOf(one)}`
      const begin = Date.now()
      const right = await report.check('client programs', title, () =>
        runProgram(program, upstream, sealgate, folder),
      )
      const seconds = ((Date.now() - begin) / 1000).toFixed(1)
      print(`${right ? 'ok' : 'FAILED'} ${title} (${seconds} s)`)
    }
  }
  await Promise.all([worker(), worker()])
}

/** The version that is pinned, or installed. */
export async function versionOf({ npm, debian = '' }: ClientProgram): Promise<string> {
  if (npm === undefined) return debianVersion(debian)
  const pins: unknown = JSON.parse(readFileSync(`${PROGRAMS}/package.json`, 'utf8'))
  return String(Object(Object(pins).dependencies)[npm])
}

async function runProgram(
  program: ClientProgram,
  upstream: Upstream,
  sealgate: SuiteSealgate,
  folder: string,
): Promise<void> {
  const name = program.file.replace(/\..*/, '')
  const bucket = `${name}-${Date.now().toString(36)}`
  const made = await upstream.client.send({ method: 'PUT', target: `/${bucket}` })
  mustEqual(made.status, 200, `status of the bucket ${bucket}`)
  const scene = new Scene(sealgate.access, upstream.client, bucket, join(folder, 'work', name))
  scene.namesAreItsOwn = program.ownKeys === true
  scene.file('small.bin', 4000)
  scene.file('large.bin', 11 << 20)
  const result = await start(program, scene, folder)
  await checkEnd(program, result, sealgate)
  if (program.refused !== undefined) {
    mustEqual(await listAll(upstream.client, bucket), [], 'the bucket of a refused client')
    return
  }
  for (const task of program.tasks) await checkTask(task, sealgate, scene)
  await checkBucket(upstream.client, scene, true)
  rmSync(scene.folder, { recursive: true })
}

function start(program: ClientProgram, scene: Scene, folder: string): Promise<CommandResult> {
  const { host, port } = scene.access.address
  const env = {
    ENDPOINT: scene.endpoint,
    TLS_ENDPOINT: scene.tls.endpoint,
    NODE_EXTRA_CA_CERTS: scene.tls.caFile,
    HOST: host,
    PORT: String(port),
    BUCKET: scene.bucket,
    REGION: scene.access.region,
    OTHER_KEY: scene.access.kms.two,
  }
  const runner =
    program.name === 'bun'
      ? join(folder, 'node_modules/@oven/bun-linux-x64/bin/bun')
      : (RUNNERS[program.file.replace(/.*\./, '')] ?? '')
  return scene.tryCommand(runner, [join(folder, program.file)], { env })
}

/** Throws unless the program ended as it should: well, refused, or with a complaint of its own. */
async function checkEnd(
  { refused, complains }: ClientProgram,
  { code, stdout, stderr }: CommandResult,
  sealgate: SuiteSealgate,
): Promise<void> {
  const output = `${stdout.slice(-1500)}\n${stderr.slice(-2500)}`
  if (refused === undefined && complains === undefined && code !== 0) {
    throw new Error(`exit ${code}\n${output}`)
  }
  if (complains && !complains.test(output)) throw new Error(`no ${complains} in\n${output}`)
  if (refused !== undefined && code === 0) throw new Error(`it was not refused\n${output}`)
  // What nobody signed as Sealgate reads signatures names no bucket in the audit.
  if (refused !== undefined) await sealgate.audited(({ reason }) => reason === refused)
}

async function checkTask(task: Task, sealgate: SuiteSealgate, scene: Scene): Promise<void> {
  if (task === 'small' || task === 'large') {
    scene.holds(`${task}.bin`, scene.path(`${task}.bin`))
  }
  if (task === 'read') {
    const stored = [...scene.expected.keys()].filter((key) => key.endsWith('.bin'))
    for (const key of stored) scene.same(scene.path(key), scene.path(key.replace('.bin', '.back')))
  }
  const operations = OPERATIONS[task]
  if (operations === undefined) return
  await sealgate.audited(
    ({ bucket, operation = '', status = 0 }) =>
      bucket === scene.bucket && operations.includes(operation) && status >= 200 && status < 300,
  )
}
