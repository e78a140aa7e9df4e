// How fast a plan is, and how much memory and CPU time it takes, however long the listing:
//
//   node build/test/sweep/large-plan.js 10000000
//
// The server is a stand-in in its own thread that makes up a page and a head without keeping anything. A line for each
// tenth of the keys shows whether memory grows; the plan takes about 620 bytes of the disk for a key. Options of node go
// to the planning process too: `node --cpu-prof build/test/sweep/large-plan.js 50000`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { SEALGATE } from '../support/program.ts'

const PAGE_KEYS = 1000
const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const KEY = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/** The bytes of plan for a key, about: how far the process is. */
const PLAN_BYTES = 616

/** What a process has used so far. */
interface Use {
  readonly residentKib: number
  readonly peakKib: number
  readonly cpuSeconds: number
}

const NOTHING_USED: Use = { residentKib: 0, peakKib: 0, cpuSeconds: 0 }

/** Ticks of /proc's CPU times in a second, on every Linux that Node runs on. */
const TICKS = 100

if (isMainThread) await measure(Number(process.argv[2] ?? 20_000))
else serve(Number(workerData))

function serve(keys: number): void {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://s3')
    if (request.method === 'HEAD') answerHead(url, response)
    else if (url.searchParams.has('list-type')) answerList(url, keys, response)
    else if (url.searchParams.has('versioning')) {
      response.end(`<VersioningConfiguration xmlns="${NAMESPACE}"/>`)
    } else response.writeHead(404).end('<Error><Code>NoSuchConfiguration</Code></Error>')
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    parentPort?.postMessage(typeof address === 'object' ? address?.port : undefined)
  })
}

/** Every tenth object is under SSE-S3. */
function answerHead(url: URL, response: ServerResponse): void {
  const [, , key] = url.pathname.split('/')
  response.setHeader('etag', '"0123456789abcdef0123456789abcdef"')
  response.setHeader('last-modified', 'Wed, 01 Jan 2020 00:00:00 GMT')
  response.setHeader('content-length', '4096')
  if (key?.endsWith('0')) response.setHeader('x-amz-server-side-encryption', 'AES256')
  else {
    response.setHeader('x-amz-server-side-encryption', 'aws:kms')
    response.setHeader('x-amz-server-side-encryption-aws-kms-key-id', KEY)
  }
  response.end()
}

function answerList(url: URL, keys: number, response: ServerResponse): void {
  const after = url.searchParams.get('start-after')
  const first = after === null ? 0 : Number(after.slice(4)) + 1
  const end = Math.min(keys, first + PAGE_KEYS)
  let contents = ''
  for (let i = first; i < end; i++) {
    contents += `<Contents><Key>key-${String(i).padStart(12, '0')}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified><ETag>"0123456789abcdef0123456789abcdef"</ETag><Size>4096</Size><StorageClass>STANDARD</StorageClass></Contents>`
  }
  response.end(
    `<?xml version="1.0"?><ListBucketResult xmlns="${NAMESPACE}"><IsTruncated>${end < keys}</IsTruncated>${contents}<EncodingType>url</EncodingType></ListBucketResult>`,
  )
}

async function measure(keys: number): Promise<void> {
  const server = new Worker(new URL(import.meta.url), { workerData: keys })
  const port = await new Promise<number>((resolve) => server.once('message', resolve))
  const directory = mkdtempSync(join(tmpdir(), 'sealgate-plan-'))
  try {
    const config = join(directory, 'config.json')
    writeFileSync(config, JSON.stringify(sections(port)))
    const state = join(directory, 'state')
    const began = performance.now()
    const args = ['--config', config, '--bucket', 'bucket', '--state', state]
    const child = spawn(
      process.execPath,
      [...process.execArgv, SEALGATE, 'sweep', 'plan', ...args],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    )
    const plan = join(state, 'plan.jsonl')
    let use = NOTHING_USED
    let shown = 0
    const timer = setInterval(() => {
      use = useOf(child.pid ?? 0) ?? use
      const planned = Math.floor(sizeOf(plan) / PLAN_BYTES)
      if (planned < ((shown + 1) * keys) / 10) return
      shown++
      write(began, planned, use)
    }, 200)
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
    clearInterval(timer)
    write(began, keys, use)
    process.stdout.write(
      `exit ${code}, ${Math.round(sizeOf(plan) / keys)} bytes of plan for a key\n`,
    )
  } finally {
    rmSync(directory, { recursive: true })
    await server.terminate()
  }
}

function write(began: number, planned: number, use: Use): void {
  const seconds = (performance.now() - began) / 1000
  const [now, peak] = [use.residentKib, use.peakKib].map((kib) => Math.round(kib / 1024))
  process.stdout.write(
    `${planned} keys in ${seconds.toFixed(1)} s, ${Math.round(planned / seconds)}/s, ${Math.round((use.cpuSeconds * 1e6) / planned)} µs of CPU a key; ${now} MiB, peak ${peak} MiB\n`,
  )
}

/** Undefined: the process has ended. */
function useOf(pid: number): Use | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const times = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    const kib = (name: string): number =>
      Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0)
    const cpuSeconds = (Number(times[11]) + Number(times[12])) / TICKS
    return { residentKib: kib('VmRSS'), peakKib: kib('VmHWM'), cpuSeconds }
  } catch {
    return undefined
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function sections(port: number) {
  return {
    version: 1,
    listen: [{ address: '127.0.0.1:0' }],
    upstream: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      addressing: 'path',
      credentials: {
        source: 'static',
        accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
        secretAccessKey: 'a-secret-of-some-length',
      },
    },
    clients: [
      {
        name: 'c',
        accessKeyId: 'SGCLIENT00000000001',
        secretAccessKey: 'a-secret-of-some-length',
        buckets: ['*'],
      },
    ],
    policy: { rules: [{ name: 'all', encrypt: { keyId: KEY } }] },
  }
}
