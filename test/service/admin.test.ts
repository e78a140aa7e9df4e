import t, { type Test } from 'tap'
import { AdminServer } from '../../src/service/admin.ts'
import type { ReadinessReport } from '../../src/service/readiness.ts'

async function start(t: Test, report: ReadinessReport, isStarted = true): Promise<string> {
  const admin = new AdminServer({
    isStarted,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
    readiness: async () => report,
  })
  const port = await admin.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => admin.close())
  return `http://127.0.0.1:${port}`
}

const READY = { ready: true, degraded: false, parts: { upstream: 'ok' } }

const CASES = [
  ['GET', '/metrics', 200, 'a 1\n'],
  ['GET', '/metrics?x=1', 200, 'a 1\n'],
  ['GET', '/livez', 200, 'ok\n'],
  ['GET', '/readyz', 200, `${JSON.stringify(READY, undefined, 2)}\n`],
  ['HEAD', '/livez', 200, ''],
  ['POST', '/livez', 405, 'method not allowed\n'],
  ['GET', '/', 404, 'see /metrics, /livez, /readyz\n'],
] as const

for (const [method, path, status, body] of CASES) {
  t.test(`${method} ${path}: ${status}`, async (t) => {
    const answer = await fetch((await start(t, READY)) + path, { method })
    t.equal(answer.status, status)
    t.equal(await answer.text(), body)
  })
}

t.test('until the listeners are open it does not live yet', async (t) => {
  const answer = await fetch(`${await start(t, READY, false)}/livez`)
  t.equal(answer.status, 503)
  t.equal(await answer.text(), 'starting\n')
})

t.test('what is not ready says 503 and why', async (t) => {
  const report = {
    ready: false,
    degraded: true,
    parts: { upstream: 'cannot connect', drain: 'ok' },
  }
  const answer = await fetch(`${await start(t, report)}/readyz`)
  t.equal(answer.status, 503)
  t.strictSame(await answer.json(), report)
})

t.test('an answer that cannot be given cuts the connection', async (t) => {
  const admin = new AdminServer({
    isStarted: true,
    metrics: () => Promise.reject(new Error('no')),
    readiness: async () => READY,
  })
  const port = await admin.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => admin.close())
  await t.rejects(fetch(`http://127.0.0.1:${port}/metrics`))
})
