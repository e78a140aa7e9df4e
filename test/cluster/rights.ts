import type { Finding } from '../deploy/checks.ts'
import type { Cluster, Stored } from './cluster.ts'

/** Rights beyond those that every account of a new cluster has, bindings that name it, and tokens in its pods. */
export async function findRights(
  cluster: Cluster,
  namespace: string,
  account: string,
): Promise<Finding> {
  const own = await listRights(cluster, namespace, account)
  const others = await listRights(cluster, 'default', 'default')
  const bindings = (await cluster.get('rolebindings,clusterrolebindings', '-A')).items
  const pods = (await cluster.get('pods', '-n', namespace)).items
  return [
    ...(own === others && own.includes('selfsubjectreviews') ? [] : [own, others]),
    ...bindings
      .filter(({ subjects }: Stored) => JSON.stringify(subjects ?? []).includes(namespace))
      .map(({ metadata }: Stored) => `bound by ${metadata.name}`),
    ...(pods.length > 0 ? [] : ['no pods']),
    ...pods
      .filter(({ spec }: Stored) => spec.serviceAccountName !== account || holdsToken(spec))
      .map(({ metadata }: Stored) => `${metadata.name} holds a token, or is of another account`),
  ]
}

function holdsToken(spec: Stored): boolean {
  return JSON.stringify(spec.volumes ?? []).includes('serviceAccountToken')
}

/** What an account could do with the API, had it a token. */
async function listRights(cluster: Cluster, namespace: string, account: string): Promise<string> {
  const rights = await cluster.ask(
    ...['auth', 'can-i', '--list', '-n', namespace],
    `--as=system:serviceaccount:${namespace}:${account}`,
    ...[`--as-group=system:serviceaccounts:${namespace}`, '--as-group=system:serviceaccounts'],
    '--as-group=system:authenticated',
  )
  return rights.trim().split('\n').sort().join('\n')
}
