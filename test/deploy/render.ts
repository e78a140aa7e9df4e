import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

export const OVERLAYS = ['sidecar', 'gateway', 'gateway-clients', 'inject'] as const

/** A copy of deploy/ with a client's secret in it, as the gateway's page tells to make one. */
export function copyDeploy(workFolder: string): string {
  const deploy = join(workFolder, 'deploy')
  mkdirSync(workFolder, { recursive: true })
  cpSync('deploy', deploy, { recursive: true })
  const clients = join(deploy, 'kustomize/overlays/gateway/clients')
  writeFileSync(join(clients, 'billing'), 'only-for-this-test-0123456789abcdef')
  return deploy
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
