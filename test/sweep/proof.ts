import { type ChildProcess, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import {
  EXAMPLE_ACCOUNT,
  type InspectedObject,
  type Sandbox,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'
import { askS3 } from '../../src/sweep/s3-request.ts'
import {
  BUCKETS,
  fillBuckets,
  KEY,
  lastingProperties,
  type Population,
  populationOf,
  RULES,
  sandboxOptions,
} from './proof-bucket.ts'
import { openLink } from './s3-link.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

const ACCEPTED = 'new-version,last-modified,etag,unversioned-overwrite,acl-window,lock-remains'

/** Keys that others write while the sweep runs. */
const LIVE = 12

export interface ProofOptions {
  /** An empty folder. */
  readonly directory: string
  /** About 44 versions each. */
  readonly rounds: number
  readonly kills: number
  readonly random: () => number
  readonly say: (text: string) => void
}

/** What was found; `problems` is empty if nothing was lost and all that could be is sealed. */
export interface ProofResult {
  readonly versions: number
  readonly kills: number
  readonly problems: readonly string[]
}

/**
 * The proof that a sweep loses nothing: fills buckets with every class of object, plans, runs, kills
 * the run with SIGKILL at random requests while others write, goes on until it ends, and compares every
 * version with what was there before.
 */
export async function prove(options: ProofOptions): Promise<ProofResult> {
  const { directory, rounds, kills, random, say } = options
  const dataDir = join(directory, 'data')
  mkdirSync(dataDir)
  await fillBuckets(dataDir, rounds)
  const requests = { all: 0, ofObjects: 0 }
  let onRequest: () => void = () => undefined
  const s3 = await startSandbox({
    ...sandboxOptions(dataDir),
    onRequest: ({ rawTarget }) => {
      requests.all++
      if (!rawTarget.includes('/.sealgate-probe/')) requests.ofObjects++
      onRequest()
    },
  })
  const link = openLink(s3.port)
  try {
    const config = writeConfig(directory, s3)
    const writers = new Writers(link)
    await writers.writeAll([])
    const before = populationOf(s3)
    say(`${before.size} versions`)
    const state = join(directory, 'state')
    const planned = await command(['plan', ...planOptions(config), '--state', state])
    const problems: string[] = []
    if (planned.code !== 3) problems.push(`plan ends with ${planned.code}: ${planned.stderr}`)
    say(planned.stdout)
    const run = ['run', '--state', state, '--accept', ACCEPTED, '--rate', '10000/s']
    // A life is long enough for its own questions, and for some objects.
    const livesMax = Math.max(60, (before.size * 12) / Math.max(kills, 1))
    let killed = 0
    while (killed < kills) {
      // Some end while the server is asked with objects of our own.
      const counted = random() > 0.9 ? 'all' : 'ofObjects'
      const end = requests[counted] + 40 + Math.floor(random() * livesMax)
      const child = start(run)
      let isOver = false
      onRequest = () => {
        if (requests[counted] >= end) child.kill('SIGKILL')
        else if (requests.all % 17 === 0 && !isOver) void writers.writeOne()
      }
      const [code] = await once(child, 'exit')
      isOver = true
      onRequest = () => undefined
      if (code !== null) {
        say(`ended by itself with ${code} after ${killed} kills`)
        break
      }
      killed++
    }
    const last = await command(run)
    say(last.stdout)
    if (/Warning/.test(last.stderr)) problems.push(`run warns: ${last.stderr}`)
    if (last.code !== 3) problems.push(`run ends with ${last.code}: ${last.stderr}${last.stdout}`)
    await writers.settled()
    problems.push(...compare(before, populationOf(s3), s3), ...writers.compare(s3))
    problems.push(...(await leftUploads(link)))
    problems.push(...checkRecords(state), ...(await checkReports(state)))
    const again = await command([
      'plan',
      ...planOptions(config),
      '--state',
      join(directory, 'again'),
    ])
    say(again.stdout)
    problems.push(...planProblems(join(directory, 'again')))
    return { versions: before.size, kills: killed, problems }
  } finally {
    await link.close()
    await s3.close()
  }
}

function planOptions(config: string): readonly string[] {
  const buckets = BUCKETS.flatMap((bucket) => ['--bucket', bucket])
  return ['--config', config, ...buckets, '--versions', 'all']
}

function writeConfig(directory: string, s3: Sandbox): string {
  const path = join(directory, 'sealgate.yaml')
  const { accessKeyId, secretAccessKey } = EXAMPLE_ACCOUNT
  const config = {
    version: 1,
    listen: [{ address: '127.0.0.1:0' }],
    upstream: {
      endpoint: s3.url,
      region: 'us-east-1',
      addressing: 'path',
      credentials: { source: 'static', accessKeyId, secretAccessKey },
    },
    clients: [
      {
        name: 'team',
        accessKeyId: 'SGTEAM000000000001',
        secretAccessKey: 'a-secret-of-some-length',
        buckets: ['*'],
      },
    ],
    policy: { rules: RULES },
  }
  writeFileSync(path, JSON.stringify(config))
  return path
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, 'sweep', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function command(args: readonly string[]) {
  const child = start(args)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const [code] = await once(child, 'close')
  return { code: Number(code), stdout, stderr }
}

/** Others, who write through a proxy meanwhile. */
class Writers {
  readonly #link: ReturnType<typeof openLink>
  readonly #last = new Map<string, string>()
  readonly #busy = new Map<string, Promise<void>>()
  #count = 0

  constructor(link: ReturnType<typeof openLink>) {
    this.#link = link
  }

  /** `fields`: of the encryption; none: as before the proxy. */
  async writeAll(fields: readonly string[]): Promise<void> {
    for (let i = 0; i < LIVE; i++) {
      await this.#write(i % 2 === 0 ? 'plain' : 'versioned', `live/${i}`, fields)
    }
  }

  async writeOne(): Promise<void> {
    const i = this.#count % LIVE
    const bucket = i % 2 === 0 ? 'plain' : 'versioned'
    const name = `${bucket}\nlive/${i}`
    if (this.#busy.has(name)) return
    const writing = this.#write(bucket, `live/${i}`, [
      'x-amz-server-side-encryption',
      'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id',
      KEY,
      'x-amz-server-side-encryption-bucket-key-enabled',
      'true',
    ])
    this.#busy.set(name, writing)
    await writing
    this.#busy.delete(name)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#busy.values())
  }

  compare(s3: Sandbox): readonly string[] {
    const problems: string[] = []
    for (const [name, text] of this.#last) {
      const [bucket = '', key = ''] = name.split('\n')
      const written = s3.inspect(bucket, key)?.metadata
      if (written?.['text'] !== text) problems.push(`${bucket}/${key}: a write of others is lost`)
    }
    return problems
  }

  async #write(bucket: string, key: string, fields: readonly string[]): Promise<void> {
    const text = `text ${this.#count++}`
    const reply = await askS3(this.#link, {
      method: 'PUT',
      bucket,
      key,
      fields: [...fields, 'x-amz-meta-text', text],
      body: Buffer.from(text),
    })
    if (reply.kind !== 'answer') throw new Error(JSON.stringify(reply))
    this.#last.set(`${bucket}\n${key}`, text)
  }
}

/** The versions of each key, the newest first. */
type VersionIds = ReadonlyMap<string, readonly string[]>

function compare(before: Population, after: Population, s3: Sandbox): readonly string[] {
  const ids = versionIds(s3)
  const problems: string[] = []
  for (const [name, was] of before) {
    if (name.includes('\nlive/')) continue
    const problem = compareVersion(name, was, after, ids)
    if (problem !== undefined) problems.push(`${name.replaceAll('\n', ' ')}: ${problem}`)
  }
  for (const [name, is] of after) {
    if (before.has(name) || name.includes('\nlive/') || isCopy(name, is, after, ids)) continue
    problems.push(`${name.replaceAll('\n', ' ')}: a version that is no copy of the one below`)
  }
  return problems
}

function versionIds(s3: Sandbox): VersionIds {
  const all = new Map<string, string[]>()
  for (const bucket of BUCKETS) {
    for (const { key, versionId } of s3.versions(bucket)) {
      const name = `${bucket}\n${key}`
      all.set(name, [...(all.get(name) ?? []), versionId])
    }
  }
  return all
}

/** A new version: the current one, under the key, with all that the version below has. */
function isCopy(name: string, is: InspectedObject, after: Population, all: VersionIds): boolean {
  const [bucket = '', key = '', versionId = ''] = name.split('\n')
  const ids = all.get(`${bucket}\n${key}`) ?? []
  const below = after.get(`${bucket}\n${key}\n${ids[1]}`)
  return (
    ids[0] === versionId &&
    below !== undefined &&
    isDeepStrictEqual(lastingProperties(below), lastingProperties(is)) &&
    is.keyId === KEY
  )
}

function compareVersion(
  name: string,
  was: InspectedObject,
  after: Population,
  all: VersionIds,
): string | undefined {
  const [bucket = '', key = '', versionId = ''] = name.split('\n')
  const is = after.get(name)
  if (is === undefined) return 'the version is gone'
  if (!isDeepStrictEqual(lastingProperties(was), lastingProperties(is))) {
    return `properties differ: ${JSON.stringify([was, is])}`
  }
  const isInPlace = is.etag === was.etag && is.lastModified === was.lastModified
  if (!isInPlace && versionId !== 'null') return 'the version was written again'
  const isLeft = isSameEncryption(was, is) ? undefined : 'it should have been left alone'
  switch (expectationOf(key, was)) {
    case 'unchanged':
      return isLeft
    case 'update': {
      const isUpdated = is.keyId === KEY && is.encryption === 'aws:kms' && is.bucketKey
      return isInPlace && isUpdated ? undefined : `not updated: ${is.encryption} ${is.keyId}`
    }
    case 'copy': {
      // A copy would have removed the version null below it.
      const mayBeCopied = bucket !== 'suspended' || key !== 'old'
      const isTop = mayBeCopied && all.get(`${bucket}\n${key}`)?.[0] === versionId
      return isTop ? copyProblem(is) : isLeft
    }
  }
}

/** The current version of an object that only a copy could seal. */
function copyProblem({ keyId, encryption }: InspectedObject): string | undefined {
  return keyId === KEY && encryption !== 'AES256' ? undefined : `not copied: ${encryption}`
}

/** What the rules and the design say, in the test's own words. */
function expectationOf(key: string, was: InspectedObject): 'unchanged' | 'update' | 'copy' {
  const { encryption, keyId, bucketKey, headers, retention, legalHold } = was
  if (/^(?:exempt|team)\//.test(key) || encryption === 'customer') return 'unchanged'
  const isLocked = retention !== undefined || legalHold === 'ON'
  const isArchived = /GLACIER|DEEP_ARCHIVE/.test(headers['x-amz-storage-class'] ?? '')
  if (key.startsWith('dual/')) return isArchived ? 'unchanged' : 'copy'
  if (encryption === 'aws:kms' && keyId === KEY && bucketKey) return 'unchanged'
  const isUpdatable = encryption === 'AES256' || encryption === 'aws:kms'
  return isUpdatable && !isLocked ? 'update' : 'copy'
}

function isSameEncryption(a: InspectedObject, b: InspectedObject): boolean {
  return a.encryption === b.encryption && a.keyId === b.keyId && a.bucketKey === b.bucketKey
}

async function leftUploads(link: ReturnType<typeof openLink>): Promise<readonly string[]> {
  const problems: string[] = []
  for (const bucket of BUCKETS) {
    const query = [{ name: 'uploads', value: '' }]
    const reply = await askS3(link, { method: 'GET', bucket, query })
    const isClean = reply.kind === 'answer' && !reply.body.includes('<Upload>')
    if (!isClean) problems.push(`${bucket}: uploads are left`)
  }
  return problems
}

/**
 * The records of the run and of the audit name the same versions. After a kill the audit may have a line
 * twice.
 */
function checkRecords(state: string): readonly string[] {
  const problems: string[] = []
  const runs = readLines(join(state, 'run.jsonl'))
  const done = runs.filter(({ record }) => record === 'done')
  const numbers = new Set(done.map(({ n }) => n))
  if (numbers.size !== done.length) problems.push('a version is recorded as done twice')
  for (const { n, record, code, message } of runs) {
    if (record === 'failed') problems.push(`version ${n} failed: ${code} ${message}`)
  }
  const audited = new Set(
    readLines(join(state, 'audit.jsonl'))
      .filter(({ client, write }) => client === 'sweep' && write === 'sealed')
      .map(versionName),
  )
  const sealed = new Set(done.map(({ after }) => versionName(Object(Object(after).version))))
  for (const name of sealed) {
    if (!audited.has(name)) problems.push(`${name}: done and not audited`)
  }
  for (const name of audited) {
    if (!sealed.has(name)) problems.push(`${name}: audited and not done`)
  }
  problems.push(...checkEvents(state))
  if (sealed.size !== done.length) problems.push('two records of one version')
  return problems
}

/** Every life says of which plan it is, and the last one what became of its whole population. */
function checkEvents(state: string): readonly string[] {
  const sha256 = (name: string) => hash('sha256', readFileSync(join(state, name)))
  const events = readLines(join(state, 'audit.jsonl')).filter(({ record }) => record === 'sweep')
  const last = events.at(-1)
  const population = ['fine', 'done', 'failed', 'left'].map((name) => Number(last?.[name]))
  const isWhole = population.reduce((sum, count) => sum + count, 0) === last?.['versions']
  const isEnd = last?.['event'] === 'end' && last['run'] === sha256('run.jsonl')
  const isOfPlan = events.every(({ plan }) => plan === sha256('plan.jsonl'))
  return isWhole && isEnd && isOfPlan
    ? []
    : [`the audit's events are wrong: ${JSON.stringify(last)}`]
}

/** The report has a row for each version of the plan, and what was done still is. */
async function checkReports(state: string): Promise<readonly string[]> {
  const problems: string[] = []
  const verified = await command(['verify', '--state', state, '--rate', '10000/s'])
  if (verified.code !== 3) problems.push(`verify ends with ${verified.code}: ${verified.stdout}`)
  const report = await command(['report', '--state', state, '--format', 'json'])
  const rows = parseLines(report.stdout)
  const planned = readLines(join(state, 'plan.jsonl')).filter(({ record }) => record === 'planned')
  const done = readLines(join(state, 'run.jsonl')).filter(({ record }) => record === 'done')
  const reported = rows.filter(({ status }) => status === 'done')
  if (rows.length !== planned.length || reported.length !== done.length) {
    problems.push(
      `the report has ${rows.length} versions, ${reported.length} done; the state has ${planned.length} and ${done.length}`,
    )
  }
  return problems
}

function versionName({ bucket, key, versionId }: Record<string, unknown>): string {
  return JSON.stringify([bucket, key, versionId ?? 'null'])
}

/** A second plan has nothing that could be done. */
function planProblems(state: string): readonly string[] {
  return (
    readLines(join(state, 'plan.jsonl'))
      .filter(({ record, way }) => record === 'planned' && way !== undefined)
      // Only the run sees what lies below it.
      .filter(({ state: object }) => Object(Object(object).version).key !== 'old')
      .map(({ state: object }) => `still to do: ${JSON.stringify(object)}`)
  )
}

function readLines(file: string): readonly Record<string, unknown>[] {
  return parseLines(readFileSync(file, 'utf8'))
}

function parseLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
