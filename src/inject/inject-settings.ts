/** What the injected sidecar looks like. Every field is decided by the operator, none by a pod. */
export interface InjectSettings {
  /** Container image of Sealgate, as a pod names it (`registry/name:tag` or `@sha256:…`). */
  readonly image: string
  /** What `AWS_ENDPOINT_URL_S3` says in the containers: the sidecar's loopback listener. */
  readonly endpoint: string
  /** Port of the sidecar's admin listener (/livez, /readyz, /metrics). */
  readonly adminPort: number
  /** ConfigMap of the pod's namespace whose `config.yaml` is used unless an annotation names another. */
  readonly configMap: string
  readonly resources: SidecarResources
  /** Namespaces whose pods are never touched: Sealgate's own and the cluster's. */
  readonly excludedNamespaces: readonly string[]
}

/** Kubernetes quantities (`100m`, `128Mi`); the memory limit is always set. */
export interface SidecarResources {
  readonly requests: { readonly cpu: string; readonly memory: string }
  readonly limits: { readonly cpu: string; readonly memory: string }
}

/** Namespaces that belong to the cluster itself: an admission webhook has no business in them. */
export const CLUSTER_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'] as const
