import { deepStrictEqual, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { exampleKeyArn } from '../../src/sandbox/sandbox.ts'
import { freePorts } from '../support/free-ports.ts'
import { Program } from '../support/program.ts'
import type { Report } from '../support/report.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'

const run = promisify(execFile)
const SOURCE = join('test', 'recipes', 'collector')
const BUILD_MS = 1_800_000
const WAIT_MS = 60_000

/** What stands in for Loki: it keeps what comes to its OTLP endpoint. */
class LokiStandIn {
  readonly #server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    if (request.url === '/otlp/v1/logs') this.#received.push(body)
    response.statusCode = request.url === '/otlp/v1/logs' ? 204 : 404
    response.end()
  })
  readonly #received: Buffer[] = []

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return `http://127.0.0.1:${address.port}`
  }

  /** How often the text stands in what came: a string in protobuf is its bytes. */
  count(text: string): number {
    return Buffer.concat(this.#received).toString('latin1').split(latin1(text)).length - 1
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const body = await buffer(request)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** Runs the Collector with the configuration, from audit.jsonl of the folder and from a sink. */
export async function checkCollector(report: Report, folder: string, config: string) {
  let program = ''
  const built = await report.check('collector', 'builds from its Go modules', async () => {
    program = await buildCollector()
  })
  if (!built) return
  const loki = new LokiStandIn()
  const [port = 0] = await freePorts(1)
  const state = join(folder, 'collector-state')
  mkdirSync(state)
  const env = {
    AUDIT_FILE: join(folder, 'audit.jsonl'),
    STATE_DIR: state,
    OTLP_PORT: String(port),
    LOKI_URL: await loki.listen(),
  }
  const collector = new Program(program, ['--config', config], { env })
  try {
    await report.check('collector', 'each line of the file comes once, byte for byte', async () => {
      await comesOnce(loki, linesOf(env.AUDIT_FILE))
    })
    await report.check('collector', 'each line of the sink comes once', async () => {
      await comesOnce(loki, await linesBySink(folder, port))
    })
  } finally {
    collector.signal('SIGTERM')
    await collector.end
    loki.close()
  }
}

function linesOf(file: string): readonly string[] {
  return readFileSync(file, 'utf8').trimEnd().split('\n')
}

async function comesOnce(loki: LokiStandIn, lines: readonly string[]): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  while (lines.some((line) => loki.count(line) === 0) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  ok(lines.length > 3)
  deepStrictEqual(
    lines.map((line) => loki.count(line)),
    lines.map(() => 1),
  )
}

/** Sealgate with the sink; gives the lines that its destination has. */
async function linesBySink(folder: string, port: number): Promise<readonly string[]> {
  const file = join(folder, 'sink.jsonl')
  const sealgate = await SealgateProcess.start(
    folder,
    `version: 1
listen: [{ address: '127.0.0.1:0' }]
upstream: { region: us-east-1, endpoint: 'sandbox:' }
clients: [{ name: app, accessKeyId: SGRECIPE0000000001, secretAccessKey: recipe-secret-recipe-secret, buckets: ['*'] }]
policy: { rules: [{ name: all, encrypt: { keyId: '${exampleKeyArn('us-east-1')}' } }] }
audit: { destination: { file: '${file}' }, sinks: [{ kind: otlp, url: 'http://127.0.0.1:${port}/v1/logs' }] }
`,
  )
  for (let i = 0; i < 5; i++) await fetch(`${sealgate.url}/bucket/key-${i}`)
  sealgate.signal('SIGTERM')
  await sealgate.end
  return linesOf(file)
}

/** Builds the program once for each state of its modules. */
async function buildCollector(): Promise<string> {
  const sums = readFileSync(join(SOURCE, 'go.sum'))
  const folder = join(
    tmpdir(),
    `sealgate-collector-${createHash('sha256').update(sums).digest('hex').slice(0, 16)}`,
  )
  const program = join(folder, 'otelcol')
  if (existsSync(join(folder, 'ready'))) return program
  mkdirSync(folder, { recursive: true })
  for (const name of ['main.go', 'go.mod', 'go.sum']) {
    copyFileSync(join(SOURCE, name), join(folder, name))
  }
  const args = ['build', '-mod=readonly', '-ldflags=-s -w', '-o', program, '.']
  await run('go', args, { cwd: folder, timeout: BUILD_MS, maxBuffer: 16 << 20 })
  writeFileSync(join(folder, 'ready'), '')
  return program
}
