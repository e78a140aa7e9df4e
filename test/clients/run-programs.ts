import { cpSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Report } from '../support/report.ts'
import type { SuiteSealgate } from '../support/suite-sealgate.ts'
import { checkBucket, listAll } from './check-bucket.ts'
import type { ClientProgram, Task } from './client-program.ts'
import { missingFor, registryOf } from './registries/registries.ts'
import { PATH, type Ready } from './registries/registry.ts'
import type { Upstream } from './run-client.ts'
import { type CommandResult, mustEqual, Scene } from './scene.ts'

const SUITE = 'client programs'
const PROGRAMS = 'test/clients/programs'

/** What proves a task in the audit: one of these operations, with a success. */
const OPERATIONS: Readonly<Partial<Record<Task, readonly string[]>>> = {
  parts: ['CompleteMultipartUpload'],
  list: ['ListObjectsV2', 'ListObjects'],
  delete: ['DeleteObject', 'DeleteObjects'],
}

/** What one program did; its row of docs/compatibility.md. */
export interface ProgramRow {
  readonly program: ClientProgram
  readonly version: string
  readonly right: boolean
}

/** Runs programs through Sealgate, two at once; each prints its result, version and seconds. Gives the rows of those that ran. */
export async function runPrograms(
  programs: readonly ClientProgram[],
  upstream: Upstream,
  sealgate: SuiteSealgate,
  folder: string,
  report: Report,
  print: (line: string) => void,
): Promise<readonly ProgramRow[]> {
  cpSync(PROGRAMS, folder, { recursive: true })
  const rows: ProgramRow[] = []
  const waiting = [...programs]
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const program = one
      const missing = missingFor(one)
      const version = missing ? '' : await registryOf(one).version(one)
      const title = `${one.name} ${version}, ${one.from}`
      if (missing !== undefined) {
        report.add({ suite: SUITE, name: title, kind: 'skipped', detail: missing })
        continue
      }
      const begin = Date.now()
      const right = await report.check(SUITE, title, async () => {
        const ready = await registryOf(program).prepare(program, folder)
        await runProgram(program, ready, upstream, sealgate, folder)
      })
      rows.push({ program, version, right })
      const seconds = ((Date.now() - begin) / 1000).toFixed(1)
      print(`${right ? 'ok' : 'FAILED'} ${title} (${seconds} s)`)
    }
  }
  await Promise.all([worker(), worker()])
  return rows
}

async function runProgram(
  program: ClientProgram,
  ready: Ready,
  upstream: Upstream,
  sealgate: SuiteSealgate,
  folder: string,
): Promise<void> {
  const name = program.file.replace('.', '-')
  const bucket = `${name}-${Date.now().toString(36)}`
  const made = await upstream.client.send({ method: 'PUT', target: `/${bucket}` })
  mustEqual(made.status, 200, `status of the bucket ${bucket}`)
  const scene = new Scene(sealgate.access, upstream.client, bucket, join(folder, 'work', name))
  scene.namesAreItsOwn = program.ownKeys === true
  scene.file('small.bin', 4000)
  scene.file('large.bin', 11 << 20)
  const result = await start(ready, scene)
  await checkEnd(program, result, sealgate)
  if (program.refused !== undefined) {
    mustEqual(await listAll(upstream.client, bucket), [], 'the bucket of a refused client')
    return
  }
  for (const task of program.tasks) await checkTask(task, sealgate, scene)
  await checkBucket(upstream.client, scene, true)
  rmSync(scene.folder, { recursive: true })
}

function start({ command, path }: Ready, scene: Scene): Promise<CommandResult> {
  const { host, port } = scene.access.address
  const env = {
    PATH: [...path, PATH].join(delimiter),
    ENDPOINT: scene.endpoint,
    TLS_ENDPOINT: scene.tls.endpoint,
    CA_FILE: scene.tls.caFile,
    NODE_EXTRA_CA_CERTS: scene.tls.caFile,
    HOST: host,
    PORT: String(port),
    BUCKET: scene.bucket,
    REGION: scene.access.region,
    OTHER_KEY: scene.access.kms.two,
  }
  const [program, ...args] = command
  return scene.tryCommand(program, args, { env })
}

/** Throws unless the program ended as it should: well, refused, or with a complaint of its own. */
async function checkEnd(
  { refused, complains }: ClientProgram,
  { code, stdout, stderr }: CommandResult,
  sealgate: SuiteSealgate,
): Promise<void> {
  const output = `${stdout.slice(-1500)}\n${endsOf(stderr)}`
  if (refused === undefined && complains === undefined && code !== 0) {
    throw new Error(`exit ${code}\n${output}`)
  }
  if (complains && !complains.test(output)) throw new Error(`no ${complains} in\n${output}`)
  if (refused !== undefined && code === 0) throw new Error(`it was not refused\n${output}`)
  // What nobody signed as Sealgate reads signatures names no bucket in the audit.
  if (refused !== undefined) await sealgate.audited(({ reason }) => reason === refused)
}

/** The begin and the end: a stack trace has its cause in the one or in the other. */
function endsOf(text: string): string {
  return text.length < 5000 ? text : `${text.slice(0, 2500)}\n…\n${text.slice(-2500)}`
}

async function checkTask(task: Task, sealgate: SuiteSealgate, scene: Scene): Promise<void> {
  if (task === 'small' || task === 'large') {
    scene.holds(`${task}.bin`, scene.path(`${task}.bin`))
  }
  if (task === 'read') {
    const stored = [...scene.expected.keys()].filter((key) => key.endsWith('.bin'))
    for (const key of stored) scene.same(scene.path(key), scene.path(key.replace('.bin', '.back')))
  }
  if (task === 'encryption') {
    await sealgate.audited(
      ({ bucket, requestedEncryption: asked, status = 0 }) =>
        bucket === scene.bucket && asked !== undefined && status >= 200 && status < 300,
    )
  }
  const operations = OPERATIONS[task]
  if (operations === undefined) return
  await sealgate.audited(
    ({ bucket, operation = '', status = 0 }) =>
      bucket === scene.bucket && operations.includes(operation) && status >= 200 && status < 300,
  )
}
