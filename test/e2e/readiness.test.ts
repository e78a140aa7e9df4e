import t from 'tap'
import { startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

/** A port of this machine on which nobody listens. */
const NOBODY = 1

t.test('S3 out of reach leaves the proxy ready, and it says that it is degraded', async (t) => {
  const rig = await startRig({ upstreamPort: NOBODY })
  t.teardown(() => rig.close())
  const answer = await fetch(`${rig.adminUrl}/readyz`)
  t.equal(answer.status, 200)
  t.match(await answer.json(), {
    ready: true,
    degraded: true,
    parts: { upstream: /^cannot connect to 127\.0\.0\.1:1: ECONNREFUSED$/, credentials: 'ok' },
  })
  t.equal((await send(rig.port, { path: '/bucket/k' })).status, 503, 'and requests get an answer')
  const metrics = await (await fetch(`${rig.adminUrl}/metrics`)).text()
  t.match(metrics, 'sealgate_degraded{part="upstream"} 1\n')
  t.match(metrics, 'sealgate_degraded{part="credentials"} 0\n')
})

t.test('unless the configuration says that S3 counts', async (t) => {
  const rig = await startRig({ upstreamPort: NOBODY, readiness: 'upstream' })
  t.teardown(() => rig.close())
  const answer = await fetch(`${rig.adminUrl}/readyz`)
  t.equal(answer.status, 503)
  t.match(await answer.json(), { ready: false, degraded: true })
  t.equal((await fetch(`${rig.adminUrl}/livez`)).status, 200, 'it lives, and is not restarted')
})

t.test('with S3 in reach it is ready in both', async (t) => {
  for (const readiness of ['process', 'upstream'] as const) {
    const rig = await startRig({ readiness })
    const answer = await fetch(`${rig.adminUrl}/readyz`)
    t.equal(answer.status, 200, readiness)
    t.match(await answer.json(), { ready: true, degraded: false })
    const metrics = await (await fetch(`${rig.adminUrl}/metrics`)).text()
    t.match(metrics, 'sealgate_degraded{part="upstream"} 0\n')
    await rig.close()
  }
})
