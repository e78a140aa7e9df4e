import { join } from 'node:path'
import type { Finding } from '../deploy/checks.ts'
import { addComponent, OVERLAYS, renderOverlay } from '../deploy/render.ts'
import { type Cluster, findLeft, listAll, STRICT } from './cluster.ts'
import { withDisksFor } from './disks.ts'
import type { Surroundings } from './inside.ts'
import { untilRolledOut } from './rollout.ts'

/** Applies each overlay, waits for its pods, applies it again, and deletes it. */
export async function checkOverlays(surroundings: Surroundings): Promise<void> {
  const { cluster, deploy } = surroundings
  const withSts = ['gateway', 'gateway-evidence'].map((name) => addComponent(deploy, name, 'sts'))
  for (const overlay of [...OVERLAYS, ...withSts]) {
    await withDisksFor(cluster, overlay, () => checkOverlay(surroundings, overlay))
  }
}

async function checkOverlay(
  { checks, cluster, deploy, binaries }: Surroundings,
  overlay: string,
): Promise<void> {
  const folder = join(deploy, 'kustomize/overlays', overlay)
  const before = await listAll(cluster)
  await checks.check(
    `overlay ${overlay}: applied, strictly validated, without a warning`,
    async () => {
      const { status, stderr } = await cluster.kubectl('apply', ...STRICT, '-k', folder)
      return status === 0 && stderr === '' ? [] : [`status ${status}`, stderr]
    },
  )
  await checks.check(`overlay ${overlay}: its pods are admitted, scheduled and ready`, async () => {
    const manifests = await renderOverlay(join(binaries.folder, 'kubectl'), deploy, overlay)
    await untilRolledOut(cluster, manifests)
    return []
  })
  await checks.check(`overlay ${overlay}: stored as written: nothing to change`, () =>
    findDifferences(cluster, folder),
  )
  await checks.check(`overlay ${overlay}: deleted, and nothing is left`, async () => {
    await cluster.ask('delete', '-k', folder, '--ignore-not-found', '--timeout=120s')
    return findLeft(cluster, before)
  })
}

async function findDifferences(cluster: Cluster, folder: string): Promise<Finding> {
  const { status, stdout, stderr } = await cluster.kubectl('diff', '--server-side', '-k', folder)
  return status === 0 ? [] : [`status ${status}`, stdout, stderr]
}
