import type { InjectSettings } from './inject-settings.ts'

/**
 * Name of the injected container. A pod that already has a container with this name keeps its own.
 */
export const SIDECAR_NAME = 'sealgate'

/** Name of the volume with the sidecar's configuration. */
export const CONFIG_VOLUME_NAME = 'sealgate-config'

/**
 * Builds the sidecar as a native sidecar container: an init container with `restartPolicy: Always`,
 * which is ready before the application starts and does not keep a Job from finishing. It satisfies
 * the pod security standard `restricted`, independent of the pod's own security context.
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
    // The application starts after this probe succeeds, so it runs every second.
    startupProbe: {
      ...probe('/livez'),
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: 60,
    },
    // The sidecar's readiness is part of the pod's readiness, and the application may do more than
    // write to S3. An unreachable S3 therefore never makes it unready, whatever admin.readiness
    // says.
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

/** Builds the volume with the sidecar's configuration. */
export function buildConfigVolume(configMap: string) {
  return { name: CONFIG_VOLUME_NAME, configMap: { name: configMap } } as const
}
