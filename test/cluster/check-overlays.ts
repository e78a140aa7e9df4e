import { join } from 'node:path'
import type { Finding } from '../deploy/checks.ts'
import { nameOf, OVERLAYS, renderOverlay } from '../deploy/render.ts'
import { listAll, STRICT } from './cluster.ts'
import type { Surroundings } from './inside.ts'

type Overlay = (typeof OVERLAYS)[number]

/** Applies each overlay, waits for its pods, applies it again, and deletes it. */
export async function checkOverlays(surroundings: Surroundings): Promise<void> {
  const { checks, cluster, deploy } = surroundings
  await checks.check(
    'the definitions of cert-manager and the Prometheus operator are accepted',
    () => installDefinitions(surroundings),
  )
  for (const overlay of OVERLAYS) {
    const folder = join(deploy, 'kustomize/overlays', overlay)
    const before = await listAll(cluster)
    await checks.check(`${overlay}: applied, strictly validated, without a warning`, async () => {
      const { status, stderr } = await cluster.kubectl('apply', ...STRICT, '-k', folder)
      return status === 0 && stderr === '' ? [] : [`status ${status}`, stderr]
    })
    await checks.check(`${overlay}: its pods are admitted, scheduled and ready`, () =>
      waitForWorkloads(surroundings, overlay),
    )
    await checks.check(`${overlay}: stored as written: nothing to change`, async () => {
      const { status, stdout, stderr } = await cluster.kubectl(
        'diff',
        '--server-side',
        '-k',
        folder,
      )
      return status === 0 ? [] : [`status ${status}`, stdout, stderr]
    })
    await checks.check(`${overlay}: deleted, and nothing is left`, async () => {
      await cluster.ask('delete', '-k', folder, '--timeout=120s')
      const left = await listAll(cluster)
      return [...left].filter((name) => !before.has(name)).map((name) => `left: ${name}`)
    })
  }
}

async function installDefinitions({ cluster, binaries }: Surroundings): Promise<Finding> {
  const files = ['deploy', 'example'].flatMap((folder) => [
    '-f',
    join(binaries.folder, 'definitions', folder),
  ])
  await cluster.ask('apply', ...STRICT, '--recursive', ...files)
  await cluster.ask('wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s')
  return []
}

async function waitForWorkloads(
  { cluster, deploy, binaries }: Surroundings,
  overlay: Overlay,
): Promise<Finding> {
  const manifests = await renderOverlay(join(binaries.folder, 'kubectl'), deploy, overlay)
  for (const manifest of manifests) {
    const namespace = `--namespace=${manifest.metadata.namespace}`
    if (manifest.kind === 'Job') {
      const condition = '--for=condition=Complete'
      await cluster.ask('wait', namespace, condition, nameOf(manifest), '--timeout=120s')
    }
    if (manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet') {
      await cluster.ask('rollout', 'status', namespace, nameOf(manifest), '--timeout=120s')
    }
  }
  return []
}
