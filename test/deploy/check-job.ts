import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { SealgateProcess } from '../support/sealgate-process.ts'
import type { Checks, Finding } from './checks.ts'
import { type CommandOptions, runCommand } from './command.ts'
import { buildSidecarConfig, SANDBOX_ACCOUNT } from './sandbox-config.ts'
import { startSandbox } from './start-sandbox.ts'

/** terminationGracePeriodSeconds of the overlay, less some seconds for a slow machine. */
const GRACE_MS = 45_000
const OBJECTS = 25
const BIG_OBJECT_BYTES = 8 * 1024 * 1024

/** The application of a Job: uploads through its endpoint, says how many succeeded, and ends. */
const APPLICATION = `
let stored = 0
for (let i = 0; i < ${OBJECTS}; i++) {
  const response = await fetch(process.env.AWS_ENDPOINT_URL_S3 + '/demo/job-' + i, {
    method: 'PUT', body: 'content of ' + i,
  })
  await response.arrayBuffer()
  if (response.status === 200) stored++
}
console.log(stored)`

/**
 * The life of a Job's pod: the application does its work and exits, then the kubelet sends SIGTERM to
 * the native sidecar. It must end by itself, within the grace period, with status 0; every upload that
 * the application was told of must be in the store and in the audit, encrypted.
 */
export async function checkJob(checks: Checks, work: string): Promise<void> {
  const folder = join(work, 'job')
  mkdirSync(folder)
  const sandbox = await startSandbox(join(folder, 'data'))
  try {
    const config = join(folder, 'config.yaml')
    const credentials = { source: 'static', ...SANDBOX_ACCOUNT }
    writeFileSync(config, buildSidecarConfig(sandbox.endpoint, credentials))
    const sidecar = await SealgateProcess.serve(config, { isAlone: true })
    await checks.check('job: the application uploads through the sidecar and exits', async () => {
      const env: CommandOptions['env'] = { AWS_ENDPOINT_URL_S3: sidecar.url }
      const node = ['--input-type=module', '-e', APPLICATION]
      const { status, stdout, stderr } = await runCommand(process.execPath, node, { env })
      return status === 0 && stdout.trim() === String(OBJECTS)
        ? []
        : [`${status} ${stdout}${stderr}`]
    })
    await checks.check('job: the sidecar stops with status 0 within the grace period', async () =>
      findBadExit(await sidecar.stop(GRACE_MS)),
    )
    await checks.check('job: every upload is in the audit, confirmed', () =>
      findMissingAudit(sidecar),
    )
    await checkUploadDuringStop(checks, config)
    const reader = await SealgateProcess.serve(config, { isAlone: true })
    await checks.check('job: nothing is lost: every object is in the store, aws:kms', async () => {
      const jobs = Array.from(
        { length: OBJECTS },
        (_, i) => [`job-${i}`, `content of ${i}`] as const,
      )
      const big = ['big', 'b'.repeat(BIG_OBJECT_BYTES)] as const
      return findLost(reader.url, [...jobs, big])
    })
    await reader.stop()
  } finally {
    await sandbox.program.stop()
  }
}

/** An upload that is under way when SIGTERM comes is finished; the client gets its answer. */
async function checkUploadDuringStop(checks: Checks, config: string): Promise<void> {
  const sidecar = await SealgateProcess.serve(config, { isAlone: true })
  await checks.check('job: an upload under way at SIGTERM is finished', async () => {
    const upload = startUpload(`${sidecar.url}/demo/big`)
    await upload.isUnderWay
    const exit = sidecar.stop(GRACE_MS)
    await sidecar.waitFor(/stopping/)
    const status = await upload.finish()
    return status === 200 ? findBadExit(await exit) : [`status ${status}`, `exit ${await exit}`]
  })
}

/** Half of the body at once; the rest with `finish`. */
function startUpload(url: string) {
  const half = Buffer.alloc(BIG_OBJECT_BYTES / 2, 'b')
  const headers = { 'content-length': BIG_OBJECT_BYTES }
  const upload = request(url, { method: 'PUT', headers, agent: false })
  const answer = new Promise<number>((resolve, reject) => {
    upload.on('error', reject)
    upload.on('response', (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
  })
  // Nobody listens before `finish`.
  answer.catch(() => undefined)
  // The half is written to the socket only when the proxy has taken most of it.
  const isUnderWay = new Promise<void>((resolve) => upload.write(half, () => resolve()))
  return {
    isUnderWay,
    finish: (): Promise<number> => {
      upload.end(half)
      return answer
    },
  }
}

function findBadExit(status: number | null): Finding {
  return status === 0 ? [] : [`exit status ${status}`]
}

function findMissingAudit(sidecar: SealgateProcess): Finding {
  const records = sidecar.stdout
    .split('\n')
    .filter((line) => /^\{"time".*"PutObject"/.test(line))
    .map((line) => JSON.parse(line))
  const findings = records
    .filter((record) => record.status !== 200 || record.decision !== 'allow')
    .map((record) => JSON.stringify(record))
  const keys = new Set(records.map((record) => record.key))
  for (let i = 0; i < OBJECTS; i++) {
    if (!keys.has(`job-${i}`)) findings.push(`no audit line: job-${i}`)
  }
  return findings
}

async function findLost(
  endpoint: string,
  objects: readonly (readonly [key: string, content: string])[],
): Promise<Finding> {
  const findings: string[] = []
  for (const [key, content] of objects) {
    const response = await fetch(`${endpoint}/demo/${key}`)
    const encryption = response.headers.get('x-amz-server-side-encryption')
    if ((await response.text()) !== content) findings.push(`${key}: other content`)
    if (encryption !== 'aws:kms') findings.push(`${key}: ${encryption}`)
  }
  return findings
}
