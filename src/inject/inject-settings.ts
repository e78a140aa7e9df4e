/** The settings of the injected sidecar. The operator sets all of them; a pod cannot change any. */
export interface InjectSettings {
  /** Container image of Sealgate, as in a pod (`registry/name:tag` or `@sha256:…`). */
  readonly image: string
  /** The value of `AWS_ENDPOINT_URL_S3` in the containers: the sidecar's loopback listener. */
  readonly endpoint: string
  /** Port of the sidecar's admin listener (/livez, /readyz, /metrics). */
  readonly adminPort: number
  /**
   * The ConfigMap in the pod's namespace whose `config.yaml` is used, unless an annotation names
   * another.
   */
  readonly configMap: string
  readonly resources: SidecarResources
  /** The gateway whose keys pods may ask for; undefined: there is none. */
  readonly gateway: GatewaySettings | undefined
  /** Namespaces whose pods are never changed: Sealgate's own and the cluster's. */
  readonly excludedNamespaces: readonly string[]
}

/** Where pods with an identity of their own get keys, and where they send requests. */
export interface GatewaySettings {
  readonly endpoint: string
  /** The listener of kind `sts`. */
  readonly stsEndpoint: string
  /** One of the issuer's `audiences` in the gateway's configuration. */
  readonly audience: string
}

/** Kubernetes quantities (`100m`, `128Mi`); the memory limit is always set. */
export interface SidecarResources {
  readonly requests: { readonly cpu: string; readonly memory: string }
  readonly limits: { readonly cpu: string; readonly memory: string }
}

/** Namespaces of the cluster itself; an admission webhook must not change them. */
export const CLUSTER_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'] as const
