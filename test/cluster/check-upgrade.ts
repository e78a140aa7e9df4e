import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from '../deploy/checks.ts'
import { OVERLAYS, renderOverlay } from '../deploy/render.ts'
import { type Cluster, findLeft, listAll, STRICT, type Stored } from './cluster.ts'
import { withDisksFor } from './disks.ts'
import { extractDeploy, RELEASES } from './extract-deploy.ts'
import type { Surroundings } from './inside.ts'
import { untilRolledOut } from './rollout.ts'

type Release = keyof typeof RELEASES

/** The pages' own `kubectl apply -k`, and the server's, as GitOps tools apply. */
const WAYS = { client: ['--validate=strict'], server: STRICT } as const

/** What has to be done by hand, by release and overlay; CHANGELOG.md says it to operators. */
const BY_HAND: Readonly<Record<Release, Readonly<Record<string, readonly (readonly string[])[]>>>> =
  {
    '0.1.0': {
      // A Job's pods do not change.
      sidecar: [['delete', 'job', '-n', 'uploads', 'upload-once']],
      // The webhook got another name, by which it is called first.
      inject: [['delete', 'mutatingwebhookconfiguration', 'sealgate-inject']],
    },
    '0.2.0': {},
  }

/** One overlay, upgraded from a release by one way of applying. */
interface Upgrade {
  readonly release: Release
  readonly way: keyof typeof WAYS
  readonly overlay: string
  /** deploy/ of the release. */
  readonly old: string
}

/** Applies each overlay of the releases, then this one over it, and deletes it. */
export async function checkUpgrade(surroundings: Surroundings): Promise<void> {
  const { checks, cluster, work } = surroundings
  const fresh = new Map<string, Snapshot>()
  for (const release of Object.keys(RELEASES).filter(isRelease)) {
    const old = await extractDeploy(release, join(work, release))
    addClients(old)
    for (const overlay of OVERLAYS) {
      if (!existsSync(join(old, pathOf(overlay)))) continue
      if (!fresh.has(overlay)) {
        await withDisksFor(cluster, overlay, async () => {
          fresh.set(overlay, await installFresh(surroundings, overlay))
        })
      }
      for (const way of ['client', 'server'] as const) {
        const upgrade = { release, way, overlay, old }
        await withDisksFor(cluster, overlay, () =>
          checkOne(surroundings, upgrade, fresh.get(overlay) ?? new Map()),
        )
      }
    }
  }
  await checks.check('upgrade: CHANGELOG.md says what has to be done by hand', () => {
    const text = readFileSync('CHANGELOG.md', 'utf8').replaceAll(/\s+/g, ' ')
    const wanted = Object.values(BY_HAND).flatMap((overlays) => Object.values(overlays).flat())
    return wanted
      .map((command) => `kubectl ${command.join(' ')}`)
      .filter((command) => !text.includes(command))
  })
}

function isRelease(name: string): name is Release {
  return name in RELEASES
}

function pathOf(overlay: string): string {
  return join('kustomize/overlays', overlay)
}

/** 0.1.0 made the Secret of the clients from files in the overlay's own folder. */
function addClients(old: string): void {
  const clients = join(old, pathOf('gateway'), 'clients')
  mkdirSync(clients, { recursive: true })
  writeFileSync(join(clients, 'billing'), 'only-for-this-test-0123456789abcdef')
}

async function checkOne(
  { checks, cluster, deploy, binaries }: Surroundings,
  { release, way, overlay, old }: Upgrade,
  fresh: Snapshot,
): Promise<void> {
  const kubectl = join(binaries.folder, 'kubectl')
  const before = await listAll(cluster)
  const folder = join(deploy, pathOf(overlay))
  const name = `upgrade of ${overlay} from ${release}, applied by the ${way}`
  await checks.check(`${name}: becomes what a new one is`, async () => {
    await cluster.ask('apply', ...WAYS[way], '-k', join(old, pathOf(overlay)))
    await untilRolledOut(cluster, await renderOverlay(kubectl, old, overlay))
    for (const command of BY_HAND[release][overlay] ?? []) await cluster.ask(...command)
    const { status, stderr } = await cluster.kubectl('apply', ...WAYS[way], '-k', folder)
    if (status !== 0 || stderr !== '') return [`status ${status}`, stderr]
    await untilRolledOut(cluster, await renderOverlay(kubectl, deploy, overlay))
    return compare(fresh, await readSnapshot(cluster, folder))
  })
  await checks.check(`${name}: deleted, and nothing is left`, async () => {
    await cluster.ask('delete', '-k', folder, '--ignore-not-found', '--timeout=120s')
    return findLeft(cluster, before)
  })
}

/** Objects by kind and name, as text, without what differs from one time to the next. */
type Snapshot = ReadonlyMap<string, string>

async function installFresh(
  { cluster, deploy, binaries }: Surroundings,
  overlay: string,
): Promise<Snapshot> {
  const folder = join(deploy, pathOf(overlay))
  await cluster.ask('apply', ...STRICT, '-k', folder)
  await untilRolledOut(
    cluster,
    await renderOverlay(join(binaries.folder, 'kubectl'), deploy, overlay),
  )
  const snapshot = await readSnapshot(cluster, folder)
  await cluster.ask('delete', '-k', folder, '--ignore-not-found', '--timeout=120s')
  return snapshot
}

/** Keys that the cluster fills for each object anew, or that a way of applying or a controller keeps. */
const PASSING = [
  'status',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
  'clusterIP',
  'clusterIPs',
  'replicas',
  'controller-uid',
  'batch.kubernetes.io/controller-uid',
  'deployment.kubernetes.io/revision',
  'kubectl.kubernetes.io/last-applied-configuration',
]

async function readSnapshot(cluster: Cluster, folder: string): Promise<Snapshot> {
  const { items } = JSON.parse(await cluster.ask('get', '-k', folder, '-o', 'json'))
  return new Map(
    items.map((item: Stored) => {
      const text = JSON.stringify(item, (key, value) =>
        PASSING.includes(key) || isEmpty(value) ? undefined : value,
      )
      return [`${item.kind}/${item.metadata.name}`, text]
    }),
  )
}

/** Maps that held nothing but passing keys are the same as none. */
function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((key) => PASSING.includes(key))
}

function compare(fresh: Snapshot, upgraded: Snapshot): Finding {
  const names = new Set([...fresh.keys(), ...upgraded.keys()])
  return [...names].flatMap((name) => {
    const [one, other] = [fresh.get(name), upgraded.get(name)]
    return one === other ? [] : [`${name}, new: ${one}`, `${name}, upgraded: ${other}`]
  })
}
