import { type Manifest, nameOf } from '../deploy/render.ts'
import type { Cluster } from './cluster.ts'

const ROLLED_OUT = ['Deployment', 'StatefulSet', 'DaemonSet']

/** Waits until the pods of these objects are ready, and the Jobs complete. */
export async function untilRolledOut(
  cluster: Cluster,
  manifests: readonly Manifest[],
): Promise<void> {
  for (const manifest of manifests) {
    const where = [`--namespace=${manifest.metadata.namespace}`, nameOf(manifest), '--timeout=120s']
    if (manifest.kind === 'Job') await cluster.ask('wait', '--for=condition=Complete', ...where)
    if (ROLLED_OUT.includes(manifest.kind)) await cluster.ask('rollout', 'status', ...where)
  }
}
