import { join } from 'node:path'
import t from 'tap'
import { openScene } from '../support/program-scene.ts'
import { SessionGateways } from '../support/session-gateways.ts'

t.test(
  'workers and processes take each other’s keys, and no change of keys loses a request',
  async (t) => {
    const scene = await openScene()
    t.teardown(() => scene.close())
    const upstream = { upstreamPort: scene.sandbox.port }
    const gateways = await SessionGateways.start(join(scene.folder, 'gw'), 'bucket', upstream)
    t.teardown(() => gateways.close())
    const rounds = await gateways.rotateUnderLoad()
    t.ok(rounds > 2, `${rounds} rounds`)
    t.ok(gateways.issuer.reads >= 3)
    const { refusal, served } = await gateways.useToTheEnd(2)
    t.ok(served > 0, `${served} requests before the end`)
    t.equal(refusal.status, 400)
    t.match(refusal.text, '<Code>ExpiredToken</Code>')
  },
)
