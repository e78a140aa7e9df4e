import { join } from 'node:path'
import type { Finding } from '../deploy/checks.ts'
import type { Binaries } from './binaries.ts'
import { type Cluster, STRICT } from './cluster.ts'

/** Installs the definitions of cert-manager's and the Prometheus operator's resources. */
export async function installDefinitions(cluster: Cluster, binaries: Binaries): Promise<Finding> {
  const files = ['deploy', 'example'].flatMap((folder) => [
    '-f',
    join(binaries.folder, 'definitions', folder),
  ])
  await cluster.ask('apply', ...STRICT, '--recursive', ...files)
  await cluster.ask('wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s')
  return []
}
