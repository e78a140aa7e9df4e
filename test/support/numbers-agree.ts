import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findObject } from '../../src/report/find-object.ts'
import { readReport } from '../../src/report/read-report.ts'
import type { Report as AuditReport } from '../../src/report/report.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import type { Access } from './access.ts'
import { ORIGIN, sealingKey, verifierOf } from './make-trail.ts'
import { postForm } from './post-form.ts'
import { KEY, OTHER_KEY, REGION, UPSTREAM } from './rig.ts'
import { S3Client, type S3Request } from './s3-client.ts'
import { SuiteSealgate } from './suite-sealgate.ts'
import type { Answer } from './wire.ts'

/** A run of mixed requests whose traces are compared. */
interface NumbersRun {
  /** An S3 server on which the run may make its two buckets. */
  readonly upstream: Access
  /** For the program's files. */
  readonly folder: string
  readonly count: number
  readonly seed: number
}

/** What the run saw; no differences: all agree. */
export interface NumbersResult {
  readonly differences: readonly string[]
  readonly total: AuditReport['summary']['total']
  /** Objects that were there at the end, and were looked at with HEAD. */
  readonly objects: number
  readonly requests: number
}

const LANES = 8
const KEYS_OF_A_LANE = 40
const SEALED = 'numbers-sealed'
const PLAIN = 'numbers-plain'
const PART_BYTES = 5 * 1024 * 1024

/**
 * Sends mixed requests through the program, which writes a sealed trail, and compares: the report of
 * the trail, the metrics, what the client saw, and a listing of the buckets with a HEAD of every object.
 */
export async function numbersAgree(run: NumbersRun): Promise<NumbersResult> {
  const { upstream, folder, count, seed } = run
  const trail = join(folder, 'trail')
  const direct = new S3Client(upstream.address, upstream.keys, upstream.region)
  await emptyBuckets(direct)
  const keyFile = join(folder, 'seal.pem')
  const rules = [
    { name: 'plain', match: { buckets: [PLAIN] }, exempt: 'not worth a key' },
    { name: 'sealed', match: { keys: ['s/*'] }, encrypt: { keyId: upstream.kms.one } },
  ]
  const evidence = { origin: ORIGIN, directory: trail, key: { file: keyFile } }
  mkdirSync(folder, { recursive: true })
  const key = sealingKey().export({ type: 'pkcs8', format: 'pem' })
  writeFileSync(keyFile, key, { mode: 0o600 })
  const sealgate = await SuiteSealgate.start(upstream, folder, { rules, evidence })
  const { address, keys, region } = sealgate.access
  const client = new S3Client(address, keys, region)
  const random = randomOf(seed)
  const seen = new Ledger()
  await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const state: Lane = { client, lane, random, seen, upload: 0 }
      while (seen.requests < count) await step(state)
    }),
  )
  await sealgate.idle()
  const metrics = await sealgate.metricsText()
  if ((await sealgate.stop()) !== 0) throw new Error(`serve: ${sealgate.log().slice(-2000)}`)
  const report = await readReport({
    ...{ paths: [trail], from: undefined, to: undefined, verifiers: [verifierOf()] },
    ...{ anchor: undefined, command: 'test', nowMs: Date.now() },
  })
  const held = await listAll(direct)
  const differences = [
    ...compareMetrics(report, metrics),
    ...compareClient(report, seen),
    ...compareListing(trail, held),
    ...(await compareFind(trail, held)),
  ]
  if (report.head.answers.verdict !== 'verified') {
    differences.push(`the trail is not verified: ${JSON.stringify(report.head.answers)}`)
  }
  client.close()
  await emptyBuckets(direct)
  direct.close()
  const { total, requests } = report.summary
  return { differences, total, objects: held.size, requests }
}

/** The same with an embedded S3. */
export async function numbersAgreeEmbedded(
  folder: string,
  count: number,
  seed: number,
): Promise<NumbersResult> {
  const sandbox = await startSandbox({
    ...{ host: '127.0.0.1', port: 0, dataDir: join(folder, 's3'), region: REGION },
    ...{ accounts: [UPSTREAM], buckets: [] },
    kmsKeys: [KEY, OTHER_KEY].map((arn) => ({ arn, state: 'enabled' as const })),
  })
  const upstream: Access = {
    address: { host: '127.0.0.1', port: sandbox.port },
    ...{ keys: UPSTREAM, region: REGION },
    kms: { one: KEY, two: OTHER_KEY, unknown: 'none', disabled: undefined },
  }
  try {
    return await numbersAgree({ upstream, folder: join(folder, 'sealgate'), count, seed })
  } finally {
    await sandbox.close()
  }
}

/** What the client saw: answers to uploads, by whether they are a success. */
class Ledger {
  requests = 0
  uploads = 0
  stored = 0

  note(isUpload: boolean, { status, body }: Answer): void {
    this.requests++
    if (!isUpload) return
    this.uploads++
    if (status >= 200 && status < 300 && !body.includes('<Error>')) this.stored++
  }
}

interface Lane {
  readonly client: S3Client
  readonly lane: number
  readonly random: () => number
  readonly seen: Ledger
  upload: number
}

/** One request, or the few of an upload in parts. Lanes share no key, and each waits for its answers. */
async function step(lane: Lane): Promise<void> {
  const { random } = lane
  const name = `${lane.lane}/${Math.floor(random() * KEYS_OF_A_LANE)}`
  const choice = random()
  const body = Buffer.alloc(Math.floor(random() * 2000), 'x')
  const put = { method: 'PUT', target: `/${SEALED}/s/${name}`, body }
  if (choice < 0.4) await ask(lane, true, put)
  else if (choice < 0.48) await ask(lane, true, { ...put, target: `/${PLAIN}/p/${name}` })
  else if (choice < 0.56) await copy(lane, name)
  else if (choice < 0.58) await uploadParts(lane, name)
  else if (choice < 0.63) await form(lane, name)
  else if (choice < 0.68) await ask(lane, false, { method: 'DELETE', target: put.target })
  else if (choice < 0.7) await deleteMany(lane, name)
  else if (choice < 0.78) await ask(lane, false, { method: 'GET', target: put.target })
  else if (choice < 0.82) await ask(lane, false, { method: 'HEAD', target: `/${PLAIN}/p/${name}` })
  else if (choice < 0.85)
    await ask(lane, false, { method: 'GET', target: `/${SEALED}?list-type=2` })
  else if (choice < 0.9) await ask(lane, true, { ...put, target: `/${SEALED}/other/${name}` })
  else if (choice < 0.93) await ask(lane, true, { ...put, fields: [CUSTOMER] })
  else if (choice < 0.97) await ask(lane, true, { ...put, target: `/numbers-none/s/${name}` })
  else await ask(lane, true, { ...put, contentHash: '0'.repeat(64) })
}

const CUSTOMER = ['x-amz-server-side-encryption-customer-algorithm', 'AES256'] as const

async function ask({ client, seen }: Lane, isUpload: boolean, request: S3Request): Promise<Answer> {
  const answer = await client.send(request)
  seen.note(isUpload, answer)
  return answer
}

function copy(lane: Lane, name: string): Promise<Answer> {
  const from = lane.random() < 0.5 ? `/${SEALED}/s/${lane.lane}/0` : `/${PLAIN}/p/${lane.lane}/0`
  const fields = [['x-amz-copy-source', from] as const]
  return ask(lane, true, { method: 'PUT', target: `/${SEALED}/s/${name}`, fields })
}

/** Two parts, and an end or not. */
async function uploadParts(lane: Lane, name: string): Promise<void> {
  const target = `/${SEALED}/s/${name}`
  const begun = await ask(lane, false, { method: 'POST', target: `${target}?uploads=` })
  const [, uploadId = ''] = /<UploadId>([^<]+)</.exec(begun.body.toString()) ?? []
  const upload = `uploadId=${encodeURIComponent(uploadId)}`
  const etags: string[] = []
  for (const body of [Buffer.alloc(PART_BYTES), Buffer.from('end')]) {
    const part = `${target}?partNumber=${etags.length + 1}&${upload}`
    const answer = await ask(lane, false, { method: 'PUT', target: part, body })
    etags.push(answer.headers.get('etag') ?? '')
  }
  if (lane.upload++ % 3 === 2) {
    await ask(lane, false, { method: 'DELETE', target: `${target}?${upload}` })
    return
  }
  const parts = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
  await ask(lane, true, { method: 'POST', target: `${target}?${upload}`, body })
}

async function form({ client, seen }: Lane, name: string): Promise<void> {
  const fields = [['key', `s/${name}`] as const]
  seen.note(true, await postForm(client, { bucket: SEALED, fields, file: 'a form' }))
}

async function deleteMany(lane: Lane, name: string): Promise<void> {
  const names = [name, `${lane.lane}/1`].map((key) => `<Object><Key>s/${key}</Key></Object>`)
  const body = `<Delete>${names.join('')}</Delete>`
  const fields = [['content-md5', md5(body)] as const]
  await ask(lane, false, { method: 'POST', target: `/${SEALED}?delete=`, body, fields })
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('base64')
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Every object by `bucket/key`, with the key that HEAD names. */
async function listAll(direct: S3Client): Promise<Map<string, string>> {
  const held = new Map<string, string>()
  for (const bucket of [SEALED, PLAIN]) {
    for (const key of await keysOf(direct, bucket)) {
      const { headers } = await direct.send({ method: 'HEAD', target: `/${bucket}/${key}` })
      const algorithm = headers.get('x-amz-server-side-encryption')
      const keyId = headers.get('x-amz-server-side-encryption-aws-kms-key-id')
      held.set(`${bucket}/${key}`, keyId ?? algorithm ?? 'none')
    }
  }
  return held
}

async function keysOf(direct: S3Client, bucket: string): Promise<readonly string[]> {
  const keys: string[] = []
  for (let after = ''; ; ) {
    const more = after === '' ? '' : `&start-after=${encodeURIComponent(after)}`
    const target = `/${bucket}?list-type=2${more}`
    const text = (await direct.send({ method: 'GET', target })).body.toString()
    const page = [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => key)
    keys.push(...page)
    after = page.at(-1) ?? ''
    if (!/<IsTruncated>true</.test(text) || after === '') return keys
  }
}

async function emptyBuckets(direct: S3Client): Promise<void> {
  for (const bucket of [SEALED, PLAIN]) {
    await direct.send({ method: 'PUT', target: `/${bucket}` })
    for (const key of await keysOf(direct, bucket)) {
      await direct.send({ method: 'DELETE', target: `/${bucket}/${key}` })
    }
  }
}

/** The report and the metrics. */
function compareMetrics({ summary }: AuditReport, metrics: string): string[] {
  const { total } = summary
  const differences: string[] = []
  const same = (what: string, reported: number, metric: string, labels = ''): void => {
    const counted = sumOf(metrics, metric, labels)
    if (counted !== reported) differences.push(`${what}: ${reported} reported, ${counted} counted`)
  }
  const WRITES = 'sealgate_object_writes_total'
  same('sealed', total.sealed, WRITES, 'outcome="sealed"')
  same('exempt', total.exempt, WRITES, 'outcome="exempt"')
  same('observed', total.observed, WRITES, 'outcome="observed"')
  const unconfirmed = total.unconfirmed + total.mismatched
  same('unconfirmed', unconfirmed, WRITES, 'outcome="unconfirmed"')
  same('requests', summary.requests, 'sealgate_requests_total')
  for (const { name, count } of summary.reads) {
    same(`read ${name}`, count, 'sealgate_reads_total', `encryption="${name}"`)
  }
  for (const { name, count } of summary.refusals) {
    same(`refused ${name}`, count, 'sealgate_refusals_total', `reason="${name}"`)
  }
  const refusals = summary.refusals.reduce((sum, { count }) => sum + count, 0)
  same('refusals', refusals, 'sealgate_refusals_total')
  return differences
}

function sumOf(metrics: string, name: string, label: string): number {
  let sum = 0
  for (const line of metrics.split('\n')) {
    const [, series, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (series === name && labels.includes(label)) sum += Number(value)
  }
  return sum
}

/** The report and what the client saw. */
function compareClient({ summary }: AuditReport, seen: Ledger): string[] {
  const { total, requests } = summary
  const stored = total.sealed + total.exempt + total.observed
  const differences: string[] = []
  if (requests !== seen.requests) differences.push(`${requests} lines, ${seen.requests} requests`)
  if (total.uploads !== seen.uploads) {
    differences.push(`${total.uploads} uploads reported, ${seen.uploads} sent`)
  }
  if (stored !== seen.stored) differences.push(`${stored} stored, ${seen.stored} succeeded`)
  return differences
}

/** What the trail's lines, in their order, say of each object; and what is there. */
function compareListing(trail: string, held: ReadonlyMap<string, string>): string[] {
  const expected = new Map<string, string>()
  const lines = readdirSync(join(trail, 'lines')).flatMap((file) =>
    readFileSync(join(trail, 'lines', file), 'utf8')
      .trimEnd()
      .split('\n'),
  )
  for (const text of lines) {
    const line = JSON.parse(text)
    const name = `${line.bucket}/${line.key}`
    const { keyId, algorithm } = line.confirmedEncryption ?? {}
    const isStored = ['sealed', 'exempt', 'observed', 'unconfirmed', 'mismatched']
    const isDeleted = line.operation === 'DeleteObject' && line.status === 204
    if (isStored.includes(line.write)) expected.set(name, keyId ?? algorithm ?? 'none')
    else if (isDeleted || line.result === 'deleted') expected.delete(name)
  }
  const differences: string[] = []
  for (const name of new Set([...expected.keys(), ...held.keys()])) {
    const [told, is] = [expected.get(name) ?? 'absent', held.get(name) ?? 'absent']
    if (told !== is) differences.push(`${name}: ${told} by the trail, ${is} by HEAD`)
  }
  return differences
}

/** `audit find` of some objects. */
async function compareFind(trail: string, held: ReadonlyMap<string, string>): Promise<string[]> {
  const differences: string[] = []
  for (const [name, is] of [...held].slice(0, 5)) {
    const slash = name.indexOf('/')
    const [bucket, key] = [name.slice(0, slash), name.slice(slash + 1)]
    const { holding } = await findObject([trail], { bucket, key, versionId: undefined })
    const told = holding.kind === 'written' ? holding.key : holding.kind
    // RGW names no encryption of its own; the embedded S3 names AES256.
    const isSame = told === is || (is === 'none' && told === '(S3 named none)')
    if (!isSame && !told.startsWith(`${is} `))
      differences.push(`${name}: find says ${told}, HEAD ${is}`)
  }
  return differences
}
