/**
 * Annotations of a pod that the webhook reads.
 *
 * `inject` asks for the sidecar (`"true"`); `config` names another ConfigMap of the same namespace;
 * `containers` is a comma-separated list of the containers that get the endpoint (default: all).
 */
export const INJECT_ANNOTATION = {
  inject: 'sealgate/inject',
  config: 'sealgate/config',
  containers: 'sealgate/containers',
} as const
