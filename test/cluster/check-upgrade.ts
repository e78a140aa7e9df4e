import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cluster, listAll, STRICT } from './cluster.ts'
import { extractDeploy } from './extract-deploy.ts'
import type { Surroundings } from './inside.ts'

/** The manifests of 0.1.0. */
const BEFORE = '4457c44'

/** What has to be done by hand; CHANGELOG.md says it to operators. */
const BY_HAND: Readonly<Record<string, readonly (readonly string[])[]>> = {
  gateway: [],
  'gateway-clients': [],
  // A Job's pods do not change.
  sidecar: [['delete', 'job', '-n', 'uploads', 'upload-once']],
  // The webhook got another name, by which it is called first.
  inject: [['delete', 'mutatingwebhookconfiguration', 'sealgate-inject']],
}

/** Applies each overlay of 0.1.0, then this one over it, and deletes it. */
export async function checkUpgrade(surroundings: Surroundings): Promise<void> {
  const { checks, cluster, deploy, work } = surroundings
  const old = await extractDeploy(BEFORE, join(work, 'before'))
  const clients = join(old, 'kustomize/overlays/gateway/clients')
  mkdirSync(clients, { recursive: true })
  writeFileSync(join(clients, 'billing'), 'only-for-this-test-0123456789abcdef')
  for (const [overlay, commands] of Object.entries(BY_HAND)) {
    const before = await listAll(cluster)
    const folder = join('kustomize/overlays', overlay)
    await checks.check(`${overlay}: that of 0.1.0 is upgraded`, async () => {
      await cluster.ask('apply', ...STRICT, '-k', join(old, folder))
      await untilRolledOut(cluster)
      for (const command of commands) await cluster.ask(...command)
      const { status, stderr } = await cluster.kubectl(
        'apply',
        ...STRICT,
        '-k',
        join(deploy, folder),
      )
      await untilRolledOut(cluster)
      return status === 0 && stderr === '' ? [] : [`status ${status}`, stderr]
    })
    await checks.check(`${overlay}: upgraded and deleted, nothing is left`, async () => {
      await cluster.ask('delete', '-k', join(deploy, folder), '--timeout=120s')
      const left = [...(await listAll(cluster))].filter((name) => !before.has(name))
      return left.map((name) => `left: ${name}`)
    })
  }
  await checks.check('CHANGELOG.md says what has to be done by hand', () => {
    const text = readFileSync('CHANGELOG.md', 'utf8').replaceAll(/\s+/g, ' ')
    const wanted = Object.values(BY_HAND).flat()
    return wanted
      .map((command) => `kubectl ${command.join(' ')}`)
      .filter((command) => !text.includes(command))
  })
}

async function untilRolledOut(cluster: Cluster): Promise<void> {
  const { items } = await cluster.get('deployments', '-A')
  for (const { metadata } of items) {
    const deployment = `deployment/${metadata.name}`
    await cluster.ask('rollout', 'status', '-n', metadata.namespace, deployment, '--timeout=120s')
  }
}
