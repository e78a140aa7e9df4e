import { join } from 'node:path'
import type { Access } from '../support/access.ts'
import type { Report } from '../support/report.ts'
import type { S3Client } from '../support/s3-client.ts'
import type { SuiteSealgate } from '../support/suite-sealgate.ts'
import { checkBucket } from './check-bucket.ts'
import { type ClientUnderTest, FEATURES, type Feature } from './client-under-test.ts'
import { Scene } from './scene.ts'

/** How a feature went: directly at the server, or through Sealgate. */
export type FeatureOutcome = 'works' | 'fails' | 'refused'

/** What one client did; the row of docs/compatibility.md. */
export interface ClientRow {
  readonly client: ClientUnderTest
  readonly version: string
  /** Why it was not run. */
  readonly unavailable: string | undefined
  readonly direct: ReadonlyMap<Feature, FeatureOutcome>
  readonly through: ReadonlyMap<Feature, FeatureOutcome>
}

/** The S3 server of a run. */
export interface Upstream {
  readonly name: 'rgw' | 'sandbox'
  readonly access: Access
  readonly client: S3Client
}

/** What is known to fail directly at a server, and why. */
const FAILS_DIRECTLY: Readonly<Record<Upstream['name'], Readonly<Record<string, string>>>> = {
  rgw: {
    '@aws-sdk/client-s3 stream': 'RGW 16 does not know trailing checksums',
  },
  sandbox: {
    's3cmd presign': 's3cmd signs URLs with SigV2',
  },
}

/** What Sealgate refuses by policy, although the server would take it. */
const REFUSED_BY_SEALGATE: Readonly<Record<string, string>> = {
  's3cmd presign': 's3cmd signs URLs with SigV2, which S3 does not take for SSE-KMS objects',
}

/**
 * Runs all clients, two at once: one of them mostly waits. Gives their rows in the order of the list.
 */
export async function runClients(
  clients: readonly ClientUnderTest[],
  upstream: Upstream,
  sealgate: SuiteSealgate,
  folder: string,
  report: Report,
): Promise<readonly ClientRow[]> {
  const rows = new Map<string, ClientRow>()
  const waiting = [...clients]
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
      const name = one.name.replace(/[^a-z0-9]+/g, '-')
      rows.set(one.name, await runClient(one, upstream, sealgate, join(folder, name), report))
    }
  }
  await Promise.all([worker(), worker()])
  return clients.flatMap(({ name }) => rows.get(name) ?? [])
}

/** Runs all that a client can do: directly at the server, then through Sealgate. */
async function runClient(
  client: ClientUnderTest,
  upstream: Upstream,
  sealgate: SuiteSealgate,
  folder: string,
  report: Report,
): Promise<ClientRow> {
  const suite = `client ${client.name}`
  const reason = await client.unavailable?.()
  const version = await client.version()
  if (reason !== undefined) {
    report.add({ suite, name: 'all', kind: 'skipped', detail: reason })
    return { client, version, unavailable: reason, direct: new Map(), through: new Map() }
  }
  const [direct, through] = await Promise.all([
    runDirectly(client, upstream, join(folder, 'direct'), report),
    runThrough(client, upstream, sealgate, join(folder, 'through'), report),
  ])
  return { client, version, unavailable: undefined, direct, through }
}

async function runDirectly(
  client: ClientUnderTest,
  upstream: Upstream,
  folder: string,
  report: Report,
): Promise<ReadonlyMap<Feature, FeatureOutcome>> {
  const outcomes = new Map<Feature, FeatureOutcome>()
  const scene = await newScene(client, upstream, upstream.access, 'direct', folder)
  for (const feature of FEATURES) {
    const run = client.features[feature]
    if (run === undefined || feature === 'TLS') continue
    const all = FAILS_DIRECTLY[upstream.name]
    const known = all[`${client.name} ${feature}`] ?? all[client.name]
    const failure = await failureOf(() => run(scene))
    outcomes.set(feature, failure === undefined ? 'works' : 'fails')
    report.add({
      suite: `client ${client.name} directly`,
      name: known === undefined ? feature : `${feature} fails: ${known}`,
      kind: (failure === undefined) === (known === undefined) ? 'passed' : 'failed',
      detail: failure ?? '',
    })
  }
  await client.end?.(scene)
  return outcomes
}

async function runThrough(
  client: ClientUnderTest,
  upstream: Upstream,
  sealgate: SuiteSealgate,
  folder: string,
  report: Report,
): Promise<ReadonlyMap<Feature, FeatureOutcome>> {
  const suite = `client ${client.name} through Sealgate`
  const outcomes = new Map<Feature, FeatureOutcome>()
  const scene = await newScene(client, upstream, sealgate.access, 'through', folder)
  for (const feature of FEATURES) {
    const run = client.features[feature]
    if (run === undefined) continue
    const way = wayOf(client, feature, upstream)
    const right = await report.check(suite, feature + way.says, () =>
      way.check(() => run(scene), sealgate, scene.bucket),
    )
    outcomes.set(feature, right ? way.outcome : 'fails')
  }
  await client.end?.(scene)
  await removeUnencryptedCopies(upstream, scene)
  await report.check(suite, 'every object is under the policy’s key, its content equal', () =>
    checkBucket(upstream.client, scene, true),
  )
  return outcomes
}

/** What has to become of a feature through Sealgate. */
interface Way {
  readonly says: string
  readonly outcome: FeatureOutcome
  readonly check: (
    run: () => Promise<void>,
    sealgate: SuiteSealgate,
    bucket: string,
  ) => Promise<void>
}

function wayOf(client: ClientUnderTest, feature: Feature, upstream: Upstream): Way {
  const cause = REFUSED_BY_SEALGATE[`${client.name} ${feature}`]
  if (cause !== undefined) {
    return { says: ` is refused: ${cause}`, outcome: 'refused', check: mustFail }
  }
  if (upstream.name === 'rgw' && feature === 'copy') {
    return { says: ' is not taken for done', outcome: 'refused', check: refusedCopy }
  }
  return { says: '', outcome: 'works', check: (run) => run() }
}

async function mustFail(run: () => Promise<void>): Promise<void> {
  if ((await failureOf(run)) === undefined) throw new Error('it was not refused')
}

/** The server says 200 and does not encrypt: the client has to fail, and log, metric and audit say why. */
async function refusedCopy(
  copy: () => Promise<void>,
  sealgate: SuiteSealgate,
  bucket: string,
): Promise<void> {
  const reason = 'encryption-not-confirmed'
  const refusals = () => sealgate.metric('sealgate_refusals_total', { reason })
  const before = await refusals()
  const failure = await failureOf(copy)
  if (failure === undefined) throw new Error('the client took the copy for done')
  if ((await refusals()) <= before) throw new Error(`no metric says ${reason}: ${failure}`)
  await sealgate.audited((line) => line.reason === reason && line.bucket === bucket)
  if (!sealgate.log().includes(reason)) throw new Error(`no log line says ${reason}`)
}

/** What the server made of the copies, past the policy: proof of the refusal, and no part of the bucket's check. */
async function removeUnencryptedCopies(upstream: Upstream, scene: Scene): Promise<void> {
  if (upstream.name !== 'rgw') return
  for (const key of ['copied.bin', 'renamed.bin']) {
    await upstream.client.send({ method: 'DELETE', target: `/${scene.bucket}/${key}` })
  }
}

async function newScene(
  client: ClientUnderTest,
  upstream: Upstream,
  access: Access,
  way: string,
  folder: string,
): Promise<Scene> {
  const name = client.name.replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')
  const bucket = `${name}-${way}-${Date.now().toString(36)}`
  const made = await upstream.client.send({ method: 'PUT', target: `/${bucket}` })
  if (made.status !== 200) throw new Error(`no bucket ${bucket}: ${made.status} ${made.body}`)
  return new Scene(access, upstream.client, bucket, folder)
}

async function failureOf(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run()
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}
