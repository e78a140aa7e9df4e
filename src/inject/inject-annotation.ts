/**
 * Annotations of a pod that the webhook reads.
 *
 * `inject` asks for the sidecar (`"true"`); `config` names another ConfigMap of the same namespace;
 * `containers` is a comma-separated list of the containers that get the endpoint (default: all).
 *
 * `role` asks for keys of the gateway instead of a sidecar; it names the client.
 */
export const INJECT_ANNOTATION = {
  inject: 'sealgate/inject',
  config: 'sealgate/config',
  containers: 'sealgate/containers',
  role: 'sealgate/role',
} as const
