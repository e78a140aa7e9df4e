import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { runOrThrow } from './command.ts'

/** A Kubernetes object as rendered. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec?: unknown
  readonly data?: Readonly<Record<string, string>>
  readonly webhooks?: unknown
}

export const OVERLAYS = [
  'sidecar',
  'gateway',
  'gateway-clients',
  'gateway-evidence',
  'inject',
  'inject-gateway',
] as const

/** A copy of deploy/ as a fresh clone has it, in a git repository of its own. */
export async function copyDeploy(workFolder: string): Promise<string> {
  const deploy = join(workFolder, 'deploy')
  mkdirSync(workFolder, { recursive: true })
  const files = (await runOrThrow('git', ['ls-files', 'deploy'])).split('\n')
  for (const file of files) {
    if (file !== '' && existsSync(file)) cpSync(file, join(workFolder, file))
  }
  const git = (...args: readonly string[]) => runOrThrow('git', ['-C', workFolder, ...args])
  await git('init', '--quiet', '--initial-branch=main')
  await git('add', 'deploy')
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.com']
  await git(...author, 'commit', '--quiet', '--message=deploy')
  return deploy
}

/**
 * What the overlay of docs/deploy-gateway.md gives, on the gateway of `deploy` as a remote base: it is
 * fetched with git.
 */
export async function renderOwnOverlay(
  kubectl: string,
  deploy: string,
): Promise<readonly Manifest[]> {
  const page = readFileSync('docs/deploy-gateway.md', 'utf8')
  const [, block = ''] = /^```yaml\n([^`]*^kind: Kustomization$[^`]*)^```$/m.exec(page) ?? []
  const address = `file://${dirname(deploy)}//deploy/kustomize/overlays/gateway?ref=main`
  const own = join(dirname(deploy), 'own')
  mkdirSync(join(own, 'clients'), { recursive: true })
  writeFileSync(join(own, 'kustomization.yaml'), block.replace(/https:\S+/, address))
  writeFileSync(join(own, 'clients', 'billing'), 'only-for-this-test-0123456789abcdef')
  cpSync(join(deploy, 'kustomize/overlays/gateway/config.yaml'), join(own, 'config.yaml'))
  return parseManifests(await runOrThrow(kubectl, ['kustomize', own]))
}

/** What `kubectl apply -k` would send for an overlay. */
export async function renderOverlay(
  kubectl: string,
  deploy: string,
  overlay: string,
): Promise<readonly Manifest[]> {
  const folder = join(deploy, 'kustomize/overlays', overlay)
  if (!existsSync(folder)) throw new Error(`no overlay ${overlay}`)
  return parseManifests(await runOrThrow(kubectl, ['kustomize', folder]))
}

/** Makes an overlay of an overlay with a component; gives its name. */
export function addComponent(deploy: string, overlay: string, component: string): string {
  const name = `${overlay}-${component}`
  const folder = join(deploy, 'kustomize/overlays', name)
  mkdirSync(folder)
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [`../${overlay}`],
    components: [`../../components/${component}`],
  }
  writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization))
  return name
}

/** Parses YAML documents that are Kubernetes objects each. */
export function parseManifests(yaml: string): readonly Manifest[] {
  return parseAllDocuments(yaml).map((document): Manifest => {
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS()
  })
}

/** `Deployment/sealgate`. */
export function nameOf(manifest: Manifest): string {
  return `${manifest.kind}/${manifest.metadata.name}`
}
