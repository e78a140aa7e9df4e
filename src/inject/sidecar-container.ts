import type { InjectSettings } from './inject-settings.ts'

/** Name of the injected container. A pod that has one of this name already keeps its own. */
export const SIDECAR_NAME = 'sealgate'

/** Name of the volume that carries the sidecar's configuration. */
export const CONFIG_VOLUME_NAME = 'sealgate-config'

/**
 * The sidecar as a native sidecar container: an init container with `restartPolicy: Always`, which
 * is up before the application starts and does not keep a Job from finishing. It satisfies the pod
 * security standard `restricted` by itself, whatever the pod's own security context says.
 *
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
 */
export function buildSidecarContainer(settings: InjectSettings) {
  const probe = (path: string) => ({ httpGet: { path, port: settings.adminPort } })
  return {
    name: SIDECAR_NAME,
    image: settings.image,
    restartPolicy: 'Always',
    args: ['serve', '--config', '/etc/sealgate/config.yaml'],
    ports: [{ name: 'sealgate-admin', containerPort: settings.adminPort, protocol: 'TCP' }],
    // The application is started when this one has succeeded, so it is asked every second.
    startupProbe: {
      ...probe('/livez'),
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: 60,
    },
    // A sidecar's readiness is that of the whole pod, and the application may do more than write to S3:
    // S3 out of reach is never a reason, whatever admin.readiness says.
    readinessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 2 },
    livenessProbe: {
      ...probe('/livez'),
      periodSeconds: 10,
      timeoutSeconds: 2,
      failureThreshold: 6,
    },
    resources: settings.resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsGroup: 65532,
      runAsNonRoot: true,
      runAsUser: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [{ name: CONFIG_VOLUME_NAME, mountPath: '/etc/sealgate', readOnly: true }],
  } as const
}

/** The volume that the sidecar's configuration is mounted from. */
export function buildConfigVolume(configMap: string) {
  return { name: CONFIG_VOLUME_NAME, configMap: { name: configMap } } as const
}
