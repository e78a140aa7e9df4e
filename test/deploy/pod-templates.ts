import type { Manifest } from './render.ts'

/** The part of a container that the checks read. */
export interface Container {
  readonly name: string
  readonly image?: string
  readonly restartPolicy?: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
  readonly resources?: {
    readonly requests?: { readonly cpu?: string; readonly memory?: string }
    readonly limits?: { readonly cpu?: string; readonly memory?: string }
  }
  readonly securityContext?: SecurityContext
  readonly startupProbe?: unknown
  readonly readinessProbe?: unknown
  readonly livenessProbe?: unknown
}

export interface SecurityContext {
  readonly allowPrivilegeEscalation?: boolean
  readonly privileged?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
  readonly seccompProfile?: { readonly type: string }
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly securityContext?: SecurityContext
  readonly terminationGracePeriodSeconds?: number
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly volumes?: readonly { readonly name: string; readonly hostPath?: unknown }[]
}

/** The pod that a workload makes; undefined for other objects. */
export function podSpecOf(manifest: Manifest): PodSpec | undefined {
  const spec = Object(manifest.spec)
  return spec.template?.spec ?? (manifest.kind === 'Pod' ? spec : undefined)
}

/** All containers of a pod, init containers first. */
export function containersOf(pod: PodSpec): readonly Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers]
}
