import { type Cluster, NODES } from './cluster.ts'

const DRIVER = 'disks.example.com'
const NAMES = [0, 1, 2].map((index) => `disk-${index}`)

/** Runs `body`, with disks if the pods of this overlay have claims. */
export function withDisksFor(
  cluster: Cluster,
  overlay: string,
  body: () => Promise<void>,
): Promise<void> {
  return overlay.startsWith('gateway-evidence') ? withDisks(cluster, body) : body()
}

/** Runs `body` while there is a disk for each of three claims, of a driver that nobody asks here. */
export async function withDisks(cluster: Cluster, body: () => Promise<void>): Promise<void> {
  await cluster.apply(buildDriver(), ...NODES.map(buildNode), ...NAMES.map(buildVolume))
  try {
    await body()
  } finally {
    await cluster.ask('delete', 'persistentvolume', ...NAMES, '--timeout=60s')
    await cluster.ask('delete', 'csinode', ...NODES)
    await cluster.ask('delete', 'csidriver', DRIVER)
  }
}

/** What the driver's part on a node would write: the scheduler looks for it, from Kubernetes 1.37. */
function buildNode(name: string): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name },
    spec: { drivers: [{ name: DRIVER, nodeID: name, topologyKeys: [] }] },
  }
}

/** Its volumes need no attaching, for which a controller of the driver would have to run. */
function buildDriver(): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSIDriver',
    metadata: { name: DRIVER },
    spec: { attachRequired: false },
  }
}

function buildVolume(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '50Gi' },
      accessModes: ['ReadWriteOncePod'],
      persistentVolumeReclaimPolicy: 'Retain',
      csi: { driver: DRIVER, volumeHandle: name },
    },
  }
}
