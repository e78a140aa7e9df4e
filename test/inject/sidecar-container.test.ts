import t from 'tap'
import { buildConfigVolume, buildSidecarContainer } from '../../src/inject/sidecar-container.ts'
import { SETTINGS } from './settings.ts'

t.test('the sidecar is a native sidecar with probes and resources', async (t) => {
  const container = buildSidecarContainer(SETTINGS)
  t.equal(container.restartPolicy, 'Always')
  t.strictSame(container.resources, SETTINGS.resources)
  t.strictSame(container.startupProbe.httpGet, { path: '/livez', port: SETTINGS.adminPort })
  t.strictSame(container.readinessProbe.httpGet.path, '/livez', 'S3 does not decide for the pod')
  t.strictSame(container.livenessProbe.httpGet.path, '/livez')
  t.equal(container.image, SETTINGS.image)
})

t.test('it satisfies the pod security standard restricted by itself', async (t) => {
  const { securityContext } = buildSidecarContainer(SETTINGS)
  t.match(securityContext, {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    readOnlyRootFilesystem: true,
  })
})

t.test('its configuration comes from the volume that it mounts', async (t) => {
  const [mount] = buildSidecarContainer(SETTINGS).volumeMounts
  t.equal(mount.name, buildConfigVolume('c').name)
  t.ok(buildSidecarContainer(SETTINGS).args.includes(`${mount.mountPath}/config.yaml`))
})
